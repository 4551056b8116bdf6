"""Figure: temperature and energy of the replicas in hot MD."""

from nnip.figures.style import read_tables, save
from nnip.figures.temperatures import draw_temperatures
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_temperatures(job.wildcards.framework, **read_tables(job.input)), job.output), log=job.log[0])
