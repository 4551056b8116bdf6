"""The table of the study's training sets."""

from nnip.jobs.warm import hand_over

hand_over()

from collections.abc import Sequence
from typing import Any

from nnip.jobs.errors import run
from nnip.study.manifest import read_manifest
from nnip.study.tables import write_table
from nnip.study.training_sets import row, training_sets


def list_training_sets(config: dict[str, Any], of_stress: bool, manifests: Sequence[str], output: str) -> None:
    """Write table training_sets from the manifests of all sets, in the order of the sets; of_stress: whether a model learns stresses."""
    rows = [row(each, read_manifest(path), of_stress) for each, path in zip(training_sets(config).values(), manifests, strict=True)]
    write_table("training_sets", rows, output)


if __name__ == "__main__":
    job = snakemake
    run(lambda: list_training_sets(job.params.config, job.params.of_stress, job.input.manifests, job.output[0]), log=job.log[0])
