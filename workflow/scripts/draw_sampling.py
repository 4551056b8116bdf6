"""Figure: loss entropy against the numbers of directions and points, and the sources of its scatter."""

from nnip.figures.sampling import draw_sampling
from nnip.figures.style import read_tables, save
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_sampling(job.wildcards.framework, **read_tables(job.input)), job.output), log=job.log[0])
