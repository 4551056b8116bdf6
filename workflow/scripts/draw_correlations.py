"""Figure: every correlation of a framework with its intervals."""

from nnip.errors import run
from nnip.figures.correlations import draw_correlations
from nnip.figures.style import read_tables, save

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_correlations(job.wildcards.framework, **read_tables(job.input)), job.output), log=job.log[0])
