"""Figure: landscapes with all weights displaced and with some frozen."""

from nnip.figures.frozen import draw_frozen
from nnip.figures.style import read_tables, save
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_frozen(job.wildcards.framework, **read_tables(job.input)), job.output), log=job.log[0])
