"""Figure: force error against the number of training frames."""

from nnip.errors import run
from nnip.figures.learning_curves import draw_learning_curves
from nnip.figures.style import read_tables, save

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_learning_curves(job.wildcards.framework, **read_tables(job.input)), job.output), log=job.log[0])
