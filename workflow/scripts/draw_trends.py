"""Figure: entropy and force error against time to failure and learning."""

from nnip.figures.style import read_tables, save
from nnip.figures.trends import draw_trends
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_trends(**read_tables(job.input)), job.output), log=job.log[0])
