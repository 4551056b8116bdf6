"""The paper's tables S1 to S6 of this study as csv, Markdown and LaTeX."""

from nnip.jobs.warm import hand_over

hand_over()

from collections.abc import Sequence
from pathlib import Path

from nnip.jobs.errors import run
from nnip.jobs.files import whole, write_text
from nnip.report.si_tables import entropy_table, error_table, hyperparameter_table
from nnip.study.tables import frame, read_table

TABLES = ("models", "hyperparameters", "entropy", "survival", "failures", "errors", "training_sets")


def write_si_tables(inputs: dict[str, str], split: str, outputs: Sequence[str]) -> None:
    """Write every output named <folder>/<framework>_<hyperparameters, entropy or errors>.<csv, md or tex>; split: frames of the main landscapes."""
    read = (read_table(name, inputs[name]) if name in inputs else frame(name, []) for name in TABLES)  # without MD no survival and no failures
    models, hyperparameters, entropy, survival, failures, errors, training_sets = read
    for output in map(Path, outputs):
        framework, name = output.stem.split("_", 1)
        table = {
            "hyperparameters": lambda framework=framework: hyperparameter_table(models, hyperparameters, framework),
            "entropy": lambda framework=framework: entropy_table(models, entropy, survival, failures, framework, split),
            "errors": lambda framework=framework: error_table(models, errors, training_sets, framework),
        }[name]()
        if output.suffix == ".csv":
            with whole(output) as temporary:
                table.data.to_csv(temporary, index=False)
        else:
            write_text(output, table.markdown() if output.suffix == ".md" else table.latex())


if __name__ == "__main__":
    job = snakemake
    run(lambda: write_si_tables(dict(job.input.items()), job.params.split, job.output), log=job.log[0])
