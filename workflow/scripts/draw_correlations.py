"""Figure: every correlation of a framework with its intervals."""

from nnip.figures.correlations import draw_correlations
from nnip.figures.style import read_tables, save
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_correlations(job.wildcards.framework, **read_tables(job.input)), job.output), log=job.log[0])
