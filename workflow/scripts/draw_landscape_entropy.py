"""Figure: how loss entropy is made of a landscape: the sharpest and the flattest model."""

from nnip.figures.landscape_entropy import draw_landscape_entropy
from nnip.figures.style import read_tables, save
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_landscape_entropy(**read_tables(job.input)), job.output), log=job.log[0])
