"""Figure: energy and force landscapes of a framework's models."""

from nnip.figures.landscapes import draw_landscapes
from nnip.figures.style import read_tables, save
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_landscapes(job.wildcards.framework, **read_tables(job.input)), job.output), log=job.log[0])
