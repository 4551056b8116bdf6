"""Figure: slopes of force error with temperature and of learning curves."""

from nnip.figures.slopes import draw_slopes
from nnip.figures.style import read_tables, save
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_slopes(job.wildcards.framework, **read_tables(job.input)), job.output), log=job.log[0])
