"""The tables of a study's models and their switches."""

from nnip.jobs.warm import hand_over

hand_over()

from typing import Any

import yaml

from nnip.jobs.errors import run
from nnip.study.model_table import hyperparameters
from nnip.study.tables import write_table


def members(models: dict[str, Any], experiments: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of table models: one per experiment and model."""
    return [
        {
            "framework": models[name]["framework"],
            "model": name,
            "label": models[name]["label"],
            "experiment": experiment,
            "title": content["title"],
            "position": position,
        }
        for experiment, content in experiments.items()
        for position, name in enumerate(content["models"])
    ]


def make_model_tables(models: dict[str, Any], experiments: dict[str, Any], models_path: str, hyperparameters_path: str) -> None:
    """Write tables models (one row per experiment and model) and hyperparameters (one row per model and switch)."""
    switches = [
        {
            "framework": row["framework"],
            "model": name,
            "name": key,
            "value": yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n").strip(),
        }
        for name, row in models.items()
        for key, value in hyperparameters(row).items()
    ]
    write_table("models", members(models, experiments), models_path)
    write_table("hyperparameters", switches, hyperparameters_path)


if __name__ == "__main__":
    job = snakemake
    run(lambda: make_model_tables(job.params.models, job.params.experiments, job.output.models, job.output.hyperparameters), log=job.log[0])
