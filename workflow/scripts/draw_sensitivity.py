"""Figure: how entropy and its ranking depend on its temperatures and on alpha."""

from nnip.figures.sensitivity import draw_sensitivity
from nnip.figures.style import read_tables, save
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_sensitivity(job.wildcards.framework, **read_tables(job.input)), job.output), log=job.log[0])
