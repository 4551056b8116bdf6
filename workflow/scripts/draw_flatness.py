"""Figure: level or flatness: entropy beside the training error at the landscape's centre."""

from nnip.figures.flatness import draw_flatness
from nnip.figures.style import read_tables, save
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_flatness(**read_tables(job.input)), job.output), log=job.log[0])
