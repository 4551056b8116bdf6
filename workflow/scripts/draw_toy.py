"""Figure: errors of a linear regressor fitted to noisy labels."""

from nnip.figures.style import read_tables, save
from nnip.figures.toy import draw_toy
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    run(lambda: save(draw_toy(**read_tables(job.input)), job.output), log=job.log[0])
