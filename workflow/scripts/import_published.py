"""The released raw tables of the paper as tables of this study."""

from nnip.jobs.warm import hand_over

hand_over()

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from make_model_tables import members

from nnip.jobs.errors import InputError, run
from nnip.published.tables import import_release
from nnip.study.tables import write_table


def import_published(files: Sequence[str], models: dict[str, Any], experiments: dict[str, Any], outputs: dict[str, str]) -> None:
    """Write the tables named in `outputs`; InputError if the model table and the release do not name the same models."""
    tables = import_release(Path(files[0]).parent)
    for framework, rows in tables["hyperparameters"].groupby("framework"):
        listed = {name for name, row in models.items() if row["framework"] == framework}
        if listed != (released := set(rows["model"])):
            raise InputError(f"the model table and the release differ in models of {framework}: {', '.join(sorted(listed ^ released))}")
    write_table("models", members(models, experiments), outputs["models"])
    for name, table in tables.items():
        write_table(name, table, outputs[name])


if __name__ == "__main__":
    job = snakemake
    run(lambda: import_published(job.input, job.params.models, job.params.experiments, dict(job.output.items())), log=job.log[0])
