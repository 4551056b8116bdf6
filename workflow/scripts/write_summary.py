"""The summary of a study from its tables, the answer first, and its details."""

from nnip.jobs.warm import hand_over

hand_over()

from collections.abc import Sequence
from typing import Any

from nnip.data.isolated import in_words
from nnip.jobs.errors import run
from nnip.jobs.files import write_text
from nnip.report.details import details
from nnip.report.summary import summary
from nnip.study.manifest import read_manifest
from nnip.study.tables import read_table


def write_summary(inputs: dict[str, Any], study: str, confidence: float, split: str, outputs: Sequence[str]) -> None:
    """Write both pages; inputs: the study's tables by name, and manifests of its data; split: frames of the main landscapes."""
    tables = {name: read_table(name, path) for name, path in inputs.items() if name != "data"}
    manifests = [read_manifest(path) for path in inputs["data"]]
    warnings = [warning for manifest in manifests for warning in manifest.get("warnings", [])]
    notes = [in_words(atoms) for manifest in manifests if (atoms := manifest.get("isolated_atoms_eV"))]
    write_text(outputs[0], summary(study, tables, confidence, split, list(dict.fromkeys(warnings)), list(dict.fromkeys(notes))))
    write_text(outputs[1], details(study, tables, confidence))


if __name__ == "__main__":
    job = snakemake
    given = (job.params.study, job.params.confidence, job.params.split)
    run(lambda: write_summary(dict(job.input.items()), *given, job.output), log=job.log[0])
