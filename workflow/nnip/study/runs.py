"""The runs of a study: one training per model, training set and seed, and the settings of its jobs."""

from dataclasses import dataclass
from typing import Any

from nnip.study.labels import LABELS, with_learnt
from nnip.study.model_table import hyperparameters, trained_file
from nnip.study.training_sets import TrainingSet, training_sets


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
        """Labelled frames, validation included."""
        return self.training_set.size

    @property
    def role(self) -> str:
        """Role of its training set: main, curve or beside."""
        return self.training_set.role

    @property
    def measure(self) -> tuple[str, ...]:
        """Measurements that its training set names, if it is not the main one."""
        return self.training_set.measure


def list_runs(config: dict[str, Any], models: dict[str, dict[str, Any]]) -> dict[str, Run]:
    """All trainings of a study by name; the main training set and those of the learning curve come first, largest first: they take longest.

    A model trained elsewhere has one run per seed, measured on the frames of the main training set.
    """
    runs = [
        Run(name, row["framework"], each, seed)
        for each in training_sets(config).values()
        for seed in config["seeds"]
        for name, row in models.items()
        if (each.seeds is None or seed in each.seeds) and (each.models is None or name in each.models)
        if each.role == "main" or not row.get("trained")
    ]
    return {run.name: run for run in runs}


def run_settings(run: Run, config: dict[str, Any], models: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The settings that the jobs of one run need, and no others: they do not depend on the rows of other models.

    The loss weights are on the labels that are trained on (nnip.study.labels). Training without energies leaves the energy constant undetermined,
    so it is always refitted then.
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
    if models[run.model].get("trained"):
        settings["hyperparameters"]["trained"] = trained_file(models[run.model], run.seed)
        return settings
    if run.training_set.noise_label:
        settings["noise_label"] = run.training_set.noise_label
    if run.training_set.batch_size is not None:
        settings["hyperparameters"]["batch_size"] = run.training_set.batch_size
    if set(learn) != set(LABELS):
        settings["hyperparameters"] = with_learnt(settings["hyperparameters"], learn)
    return settings
