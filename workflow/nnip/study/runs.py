"""The runs of a study: one training per model, training set and seed, each with the settings its jobs are given."""

from dataclasses import dataclass
from typing import Any

from nnip.study.model_table import hyperparameters
from nnip.study.training_sets import LABELS, TrainingSet, training_sets


@dataclass(frozen=True)
class Run:
    """One training; `name` is its folder's name under results/<study>/runs/."""

    model: str
    framework: str
    training_set: TrainingSet
    seed: int

    @property
    def name(self) -> str:
        return f"{self.model.replace(', ', '-')}.{self.training_set.name}.seed{self.seed}"

    @property
    def n_train(self) -> int:
        """Labelled frames, those for validation included."""
        return self.training_set.size

    @property
    def role(self) -> str:
        """Of its training set: main, curve or beside."""
        return self.training_set.role

    @property
    def measure(self) -> tuple[str, ...]:
        """Measurements that its training set asks for, if that is not the main one."""
        return self.training_set.measure


def list_runs(config: dict[str, Any], models: dict[str, dict[str, Any]]) -> dict[str, Run]:
    """All trainings a study asks for, by name; of those on all frames and of the learning curve the largest first, for they take longest."""
    runs = [
        Run(name, row["framework"], each, seed)
        for each in training_sets(config).values()
        for seed in config["seeds"]
        for name, row in models.items()
        if (each.seeds is None or seed in each.seeds) and (each.models is None or name in each.models)
    ]
    return {run.name: run for run in runs}


def run_settings(run: Run, config: dict[str, Any], models: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What the jobs of one run need to know, and nothing else: a change of another model's row leaves it as it is.

    Where one label alone is learnt, the model's loss weights are on that one. Where that is the forces, the constant of the energy is nothing a
    training could learn, so it is always refitted.
    """
    learn = run.training_set.learn
    settings = {
        "run": run.name,
        "framework": run.framework,
        "model": run.model,
        "training_set": run.training_set.name,
        "n_train": run.n_train,
        "noise": run.training_set.sigma,
        "seed": run.seed,
        "root_seed": config["seed"],
        "device": config["device"],
        "refit_energy_shift": config["training"]["refit_energy_shift"] or "energy" not in learn,
        "max_hours": config["training"]["max_hours"],
        "hyperparameters": hyperparameters(models[run.model]),
    }
    if run.training_set.noise_label:
        settings["noise_label"] = run.training_set.noise_label
    if set(learn) != set(LABELS):
        settings["hyperparameters"] = on_one_label(settings["hyperparameters"], learn[0])
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
