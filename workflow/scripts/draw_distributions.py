"""Figure: energies, forces and bond lengths of the splits."""

from nnip.figures.distributions import draw_distributions
from nnip.figures.style import read_tables, save
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_distributions(**read_tables(job.input)), job.output), log=job.log[0])
