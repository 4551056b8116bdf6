"""Figure: landscapes over training and test frames of a framework's models."""

from nnip.figures.style import read_tables, save
from nnip.figures.test_landscapes import draw_test_landscapes
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_test_landscapes(job.wildcards.framework, **read_tables(job.input)), job.output), log=job.log[0])
