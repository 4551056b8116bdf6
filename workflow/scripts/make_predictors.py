"""One number per model and seed for everything cheap to measure, and for everything one would like to know."""

from nnip.analyse.learning_curves import learning_curves
from nnip.analyse.predictors import outcomes, predictors
from nnip.jobs.errors import run
from nnip.study.tables import read_table, write_table


def make_predictors(inputs: dict[str, str], confidence: float, outputs: dict[str, str]) -> None:
    """Write tables learning_curves, predictors and outcomes."""
    entropy, landscape, errors, survival = (read_table(name, inputs[name]) for name in ("entropy", "landscape", "errors", "survival"))
    curves = learning_curves(errors, confidence)
    write_table("learning_curves", curves, outputs["learning_curves"])
    write_table("predictors", predictors(entropy, landscape, errors), outputs["predictors"])
    write_table("outcomes", outcomes(survival, errors, curves), outputs["outcomes"])


if __name__ == "__main__":
    job = snakemake
    run(lambda: make_predictors(dict(job.input.items()), job.params.confidence, dict(job.output.items())), log=job.log[0])
