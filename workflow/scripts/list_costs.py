"""Table costs: time and memory of every training and measurement, from their manifests, beside what was expected of them."""

from nnip.jobs.warm import hand_over

hand_over()

from nnip.jobs.errors import run
from nnip.study.costs import costs
from nnip.study.tables import write_table

if __name__ == "__main__":
    job = snakemake
    run(lambda: write_table("costs", costs(job.input.manifests, job.params.estimate), job.output[0]), log=job.log[0])
