"""What each training choice changes, against the first model of its experiment."""

from nnip.analyse.effects import effects
from nnip.jobs.errors import run
from nnip.study.tables import read_table, write_table


def make_effects(inputs: dict[str, str], confidence: float, output: str) -> None:
    """Write table effects from tables models, predictors and outcomes."""
    write_table("effects", effects(*(read_table(name, inputs[name]) for name in ("models", "predictors", "outcomes")), confidence), output)


if __name__ == "__main__":
    job = snakemake
    run(lambda: make_effects(dict(job.input.items()), job.params.confidence, job.output.effects), log=job.log[0])
