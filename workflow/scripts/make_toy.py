"""The toy system: a linear regressor fitted to noisy labels."""

from nnip.analyse.toy import toy
from nnip.jobs.errors import run
from nnip.study.tables import write_table

if __name__ == "__main__":
    job = snakemake
    run(lambda: write_table("toy", toy(job.params.options, job.params.seed, job.params.confidence), job.output.toy), log=job.log[0])
