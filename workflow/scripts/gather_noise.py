"""The noise study's tables from those of its runs."""

from nnip.analyse.noise_study import gather_noise
from nnip.jobs.errors import run
from nnip.study.tables import write_table

if __name__ == "__main__":
    job = snakemake

    def gather() -> None:
        for table, paths in (("trainings", job.input.trainings), ("errors", job.input.errors)):
            write_table(f"noise_{table}", gather_noise(table, paths, job.input.noise), job.output[f"noise_{table}"])

    run(gather, log=job.log[0])
