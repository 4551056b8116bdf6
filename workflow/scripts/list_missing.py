"""Table missing: the trainings that gave no model; the study ends with one message if none gave one."""

from nnip.jobs.warm import hand_over

hand_over()

from nnip.jobs.errors import run
from nnip.study.missing import check_something_is_left, missing
from nnip.study.tables import read_table, write_table


def list_missing(paths: dict[str, str], main_runs: list[str], output: str) -> None:
    """Write table missing from every run's table trainings; InputError if no main training gave a model."""
    lost = missing({name: read_table("trainings", path) for name, path in paths.items()}, main_runs)
    check_something_is_left(lost, main_runs)
    write_table("missing", lost, output)


if __name__ == "__main__":
    job = snakemake
    paths = dict(zip(job.params.runs, job.input.trainings, strict=True))
    run(lambda: list_missing(paths, job.params.main_runs, job.output[0]), log=job.log[0])
