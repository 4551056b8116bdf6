"""What the study's data support and what they do not, in words, from its tables."""

from nnip.jobs.errors import run
from nnip.jobs.files import write_text
from nnip.report.summary import summary
from nnip.study.tables import read_table


def write_summary(inputs: dict[str, str], study: str, confidence: float, output: str) -> None:
    """Write the page; `inputs` names the study's tables, and under `library` the modules that write it."""
    tables = {name: read_table(name, path) for name, path in inputs.items() if name != "library"}
    write_text(output, summary(study, tables, confidence))


if __name__ == "__main__":
    job = snakemake
    run(lambda: write_summary(dict(job.input.items()), job.params.study, job.params.confidence, job.output[0]), log=job.log[0])
