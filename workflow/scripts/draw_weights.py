"""Figure: distributions of the trained weights."""

from nnip.figures.style import read_tables, save
from nnip.figures.weights import draw_weights
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_weights(job.wildcards.framework, **read_tables(job.input)), job.output), log=job.log[0])
