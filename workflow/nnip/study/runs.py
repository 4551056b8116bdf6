"""The runs of a study: one training per model, seed and training size, and those on noisy labels, each with the settings its jobs are given."""

from dataclasses import dataclass
from typing import Any

from nnip.study.model_table import hyperparameters


@dataclass(frozen=True)
class Run:
    """One training; `name` is its folder's name under results/<study>/runs/.

    noise_label: forces or energy in the noise study, whose trainings see that label alone, with noise of `noise` of its standard deviations
    (0: clean); None in the main line, whose trainings see both.
    """

    model: str
    framework: str
    n_train: int
    noise: float
    seed: int
    noise_label: str | None = None

    @property
    def name(self) -> str:
        noise = f".{self.noise_label}-noise{self.noise:g}" if self.noise_label else ""
        return f"{self.model.replace(', ', '-')}.n{self.n_train}{noise}.seed{self.seed}"


def list_runs(config: dict[str, Any], models: dict[str, dict[str, Any]]) -> dict[str, Run]:
    """All trainings a study asks for, by name, largest first (they take longest, so they should start first)."""
    sizes = sorted({config["n_train"], *config["learning_curve"]}, reverse=True)
    runs = [Run(name, row["framework"], size, 0.0, seed) for size in sizes for seed in config["seeds"] for name, row in models.items()]
    return {run.name: run for run in [*runs, *_noise_runs(config, models)]}


def _noise_runs(config: dict[str, Any], models: dict[str, dict[str, Any]]) -> list[Run]:
    noise = config["noise"]
    if not noise:
        return []
    size = noise["n_train"] or config["n_train"]
    return [
        Run(name, models[name]["framework"], size, float(f"{sigma:g}"), seed, label)  # as its file names say
        for label in noise["labels"]
        for seed in config["seeds"]
        for sigma in noise["sigmas"]
        for name in noise["models"]
    ]


def is_main(run: Run, config: dict[str, Any]) -> bool:
    """Whether landscapes and MD are made of this training: those of the main line on all frames."""
    return run.n_train == config["n_train"] and run.noise_label is None


def run_settings(run: Run, config: dict[str, Any], models: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What the jobs of one run need to know, and nothing else: a change of another model's row leaves it as it is.

    A run of the noise study has its model's loss weights on its one label, and `noise_label` beside `noise`. Where that is the forces, the
    constant of the energy is nothing a training could learn, so it is always refitted.
    """
    settings = {
        "run": run.name,
        "framework": run.framework,
        "model": run.model,
        "n_train": run.n_train,
        "noise": run.noise,
        "seed": run.seed,
        "root_seed": config["seed"],
        "device": config["device"],
        "refit_energy_shift": config["training"]["refit_energy_shift"],
        "max_hours": config["training"]["max_hours"],
        "hyperparameters": hyperparameters(models[run.model]),
    }
    if run.noise_label:
        settings["noise_label"] = run.noise_label
        settings["refit_energy_shift"] = settings["refit_energy_shift"] or run.noise_label == "forces"
        settings["hyperparameters"] = on_one_label(settings["hyperparameters"], run.noise_label)
    return settings


def on_one_label(hyperparameters: dict[str, Any], label: str) -> dict[str, Any]:
    """Hyperparameters of a training on one label, forces or energy: it gets the weights of both, in each stage of the training.

    So the weight of the whole loss, which the clipping of gradients and the weight decay are set against, stays what it was.
    """

    def alone(weights: dict[str, Any]) -> dict[str, Any]:
        total = weights["energy_weight"] + weights["forces_weight"]
        return weights | {"energy_weight": 0, "forces_weight": 0} | {f"{label}_weight": total}

    swa = hyperparameters["swa"]
    return alone(hyperparameters) | {"swa": swa and alone(swa)}
