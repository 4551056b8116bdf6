"""The summary of a study from its tables, the answer first, and its details."""

from nnip.jobs.warm import hand_over

hand_over()

from collections.abc import Mapping, Sequence
from typing import Any

from nnip.data.isolated import in_words
from nnip.jobs.errors import run
from nnip.jobs.files import write_text
from nnip.report.details import details
from nnip.report.summary import summary
from nnip.study.manifest import read_manifest
from nnip.study.tables import frame, read_table

# empty for a study without hot MD
OF_MD = ("failures", "survival", "logrank", "best", "pairs", "league", "within_between", "prediction", "choice", "models_needed")


def write_summary(
    inputs: dict[str, Any], study: str, confidence: float, split: str, chosen: Mapping[str, Any] | None, outputs: Sequence[str]
) -> None:
    """Write both pages; inputs: the study's tables by name, and manifests of its data; split: frames of the main landscapes."""
    tables = {name: frame(name, []) for name in OF_MD} | {name: read_table(name, path) for name, path in inputs.items() if name != "data"}
    manifests = [read_manifest(path) for path in inputs["data"]]
    warnings = [warning for manifest in manifests for warning in manifest.get("warnings", [])]
    notes = [in_words(atoms) for manifest in manifests if (atoms := manifest.get("isolated_atoms_eV"))]
    write_text(outputs[0], summary(study, tables, confidence, split, list(dict.fromkeys(warnings)), list(dict.fromkeys(notes)), chosen))
    write_text(outputs[1], details(study, tables, confidence))


if __name__ == "__main__":
    job = snakemake
    given = (job.params.study, job.params.confidence, job.params.split, job.params.chosen)
    run(lambda: write_summary(dict(job.input.items()), *given, job.output), log=job.log[0])
