"""One table of the study from the same table of every run."""

from collections.abc import Sequence

from nnip.errors import InputError, run
from nnip.tables import gather, read_table, write_table


def gather_table(table: str, paths: Sequence[str], trainings: str | None, output: str) -> None:
    """Write all runs' rows of one table; if there are none, say what became of the trainings instead of writing an empty table."""
    rows = gather(table, paths)
    if rows.empty and trainings:
        ended = read_table("trainings", trainings)[["model", "n_train", "seed", "status", "reason"]]
        raise InputError(f"no run gave a row of table '{table}'; the trainings ended as\n{ended.to_string(index=False)}")
    write_table(table, rows, output)


if __name__ == "__main__":
    job = snakemake
    run(lambda: gather_table(job.params.table, job.input.parts, job.input.trainings or None, job.output[0]), log=job.log[0])
