"""One table of the study from the same table of every run."""

from nnip.jobs.warm import hand_over

hand_over()

from nnip.jobs.errors import run
from nnip.study.tables import gather, write_table

if __name__ == "__main__":
    job = snakemake
    run(lambda: write_table(job.params.table, gather(job.params.table, job.input.parts), job.output[0]), log=job.log[0])
