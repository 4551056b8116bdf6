"""Figure: a framework's experiments side by side: landscapes, entropy, time to failure."""

from nnip.figures.experiments import draw_experiments
from nnip.figures.style import read_tables, save
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_experiments(job.wildcards.framework, **read_tables(job.input)), job.output), log=job.log[0])
