"""Which cheap measurement goes with which outcome, and how far two measurements of the same lie apart."""

from typing import Any

from nnip.analyse.correlations import Settings, correlations, replica_draws
from nnip.analyse.noise_floor import noise_floor
from nnip.jobs.errors import run
from nnip.study.tables import read_table, write_table

TABLES = ("predictors", "outcomes", "hyperparameters", "failures")


def make_correlations(inputs: dict[str, str], horizon_fs: float, statistics: dict[str, Any], seed: int, outputs: dict[str, str]) -> None:
    """Write tables correlations, partial_correlations and noise_floor; errors_repeated is used where the study has it."""
    predictors, outcomes, hyperparameters, failures = (read_table(name, inputs[name]) for name in TABLES)
    settings = Settings(**statistics, seed=seed)
    draws = replica_draws(failures, horizon_fs, settings)
    whole, partial = correlations(predictors, outcomes, hyperparameters, draws, settings)
    repeated = read_table("errors_repeated", inputs["errors_repeated"]) if "errors_repeated" in inputs else None
    write_table("correlations", whole, outputs["correlations"])
    write_table("partial_correlations", partial, outputs["partial_correlations"])
    write_table("noise_floor", noise_floor(hyperparameters, predictors, outcomes, failures, repeated), outputs["noise_floor"])


if __name__ == "__main__":
    job = snakemake
    run(
        lambda: make_correlations(dict(job.input.items()), job.params.horizon_fs, job.params.statistics, job.params.seed, dict(job.output.items())),
        log=job.log[0],
    )
