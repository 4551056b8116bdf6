"""Figure: force and energy error on every split."""

from nnip.figures.rmse import draw_rmse
from nnip.figures.style import read_tables, save
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_rmse(job.wildcards.framework, **read_tables(job.input)), job.output), log=job.log[0])
