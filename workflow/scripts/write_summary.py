"""The summary of a study from its tables: what its data support, in words."""

from typing import Any

from nnip.jobs.errors import run
from nnip.jobs.files import write_text
from nnip.report.summary import summary
from nnip.study.manifest import read_manifest
from nnip.study.tables import read_table


def write_summary(inputs: dict[str, Any], study: str, confidence: float, split: str, output: str) -> None:
    """Write the page; inputs: the study's tables by name, manifests of its data; split: frames of the main landscapes."""
    tables = {name: read_table(name, path) for name, path in inputs.items() if name != "data"}
    warnings = [warning for path in inputs["data"] for warning in read_manifest(path).get("warnings", [])]
    write_text(output, summary(study, tables, confidence, split, list(dict.fromkeys(warnings))))


if __name__ == "__main__":
    job = snakemake
    given = (job.params.study, job.params.confidence, job.params.split)
    run(lambda: write_summary(dict(job.input.items()), *given, job.output[0]), log=job.log[0])
