"""The table of the study's training sets."""

from collections.abc import Sequence
from typing import Any

from nnip.jobs.errors import run
from nnip.study.manifest import read_manifest
from nnip.study.tables import write_table
from nnip.study.training_sets import row, training_sets


def list_training_sets(config: dict[str, Any], manifests: Sequence[str], output: str) -> None:
    """Write table training_sets from the manifests of all sets, in the order of the sets."""
    rows = [row(each, read_manifest(path)) for each, path in zip(training_sets(config).values(), manifests, strict=True)]
    write_table("training_sets", rows, output)


if __name__ == "__main__":
    job = snakemake
    run(lambda: list_training_sets(job.params.config, job.input.manifests, job.output[0]), log=job.log[0])
