"""Figure: trainings on noisy labels."""

from nnip.figures.noise import draw_noise
from nnip.figures.style import read_tables, save
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_noise(**read_tables(job.input)), job.output), log=job.log[0])
