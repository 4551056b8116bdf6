"""The runs of a study: one training per model, seed and training size, each with the settings its jobs are given."""

from dataclasses import dataclass
from typing import Any

from nnip.config import hyperparameters


@dataclass(frozen=True)
class Run:
    """One training; `name` is its folder's name under results/<study>/runs/."""

    model: str
    framework: str
    n_train: int
    noise: float
    seed: int

    @property
    def name(self) -> str:
        noise = f".noise{self.noise:g}" if self.noise else ""
        return f"{self.model}.n{self.n_train}{noise}.seed{self.seed}"


def list_runs(config: dict[str, Any], models: dict[str, dict[str, Any]]) -> dict[str, Run]:
    """All trainings a study asks for, by name, largest first (they take longest, so they should start first)."""
    sizes = sorted({config["n_train"], *config["learning_curve"]}, reverse=True)
    runs = [Run(name, row["framework"], size, 0.0, seed) for size in sizes for seed in config["seeds"] for name, row in models.items()]
    return {run.name: run for run in runs}


def is_main(run: Run, config: dict[str, Any]) -> bool:
    """Whether landscapes and MD are made of this training: those on all frames as they are."""
    return run.n_train == config["n_train"] and run.noise == 0


def run_settings(run: Run, config: dict[str, Any], models: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What the jobs of one run need to know, and nothing else: a change of another model's row leaves it as it is."""
    return {
        "run": run.name,
        "framework": run.framework,
        "model": run.model,
        "n_train": run.n_train,
        "noise": run.noise,
        "seed": run.seed,
        "root_seed": config["seed"],
        "device": config["device"],
        "refit_energy_shift": config["training"]["refit_energy_shift"],
        "hyperparameters": hyperparameters(models[run.model]),
    }
