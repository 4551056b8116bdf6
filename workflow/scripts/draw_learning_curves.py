"""Figure: force error against the number of training frames."""

from nnip.figures.learning_curves import draw_learning_curves
from nnip.figures.style import read_tables, save
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_learning_curves(job.wildcards.framework, **read_tables(job.input)), job.output), log=job.log[0])
