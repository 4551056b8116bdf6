"""The toy system: a linear regressor fitted to noisy labels."""

from nnip.errors import run
from nnip.tables import write_table
from nnip.toy import toy

if __name__ == "__main__":
    job = snakemake
    run(lambda: write_table("toy", toy(job.params.options, job.params.seed, job.params.confidence), job.output.toy), log=job.log[0])
