"""Labels: the observations of a frame that a model can learn, and those that one does."""

from collections.abc import Collection, Mapping
from typing import Any

from nnip.jobs.errors import InputError

LABELS = ("energy", "forces", "stress")
CHARGE_AND_SPIN = ("total_charge", "total_spin")


def weighted_labels(hyperparameters: Mapping[str, Any]) -> list[str]:
    """The labels with a weight in the loss of a model's training, in any stage: every training frame needs them."""
    return [label for label in LABELS if any(weight[label] for weight in stage_weights(hyperparameters))]


def stage_weights(hyperparameters: Mapping[str, Any]) -> list[dict[str, float]]:
    """The weights of the labels in the loss of the one or two stages of a training; a second stage keeps the stress weight unless it has its own.

    Of a model trained elsewhere only those of energy and forces are known.
    """
    first = {label: hyperparameters.get(f"{label}_weight", 0) for label in LABELS}
    swa = hyperparameters.get("swa")
    if not swa:
        return [first]
    second = {label: swa.get(f"{label}_weight") for label in LABELS}
    return [first, second | ({"stress": first["stress"]} if second["stress"] is None else {})]


def with_learnt(hyperparameters: dict[str, Any], learn: tuple[str, ...]) -> dict[str, Any]:
    """Hyperparameters of a training that learns some labels only, in each stage of the training.

    Energy or forces alone get the sum of both weights: this keeps the size of the loss relative to gradient clipping and weight decay. Stresses have
    their own weight, or none.
    """

    def weights(given: Mapping[str, float]) -> dict[str, float]:
        total = given["energy"] + given["forces"]
        both = {"energy", "forces"} <= set(learn)
        return {f"{label}_weight": given[label] if both or label == "stress" else total for label in LABELS if label in learn}

    none: dict[str, Any] = {f"{label}_weight": 0 for label in LABELS}
    first, *second = stage_weights(hyperparameters)
    stage = {"swa": hyperparameters["swa"] | none | weights(second[0])} if second else {}
    return hyperparameters | none | weights(first) | stage


def with_reference_energies(hyperparameters: dict[str, Any], isolated_atoms_eV: Mapping[str, float]) -> dict[str, Any]:
    """Hyperparameters in which reference_energies are numbers, also where the table says that they are those of isolated atoms."""
    own = hyperparameters.get("reference_energies") == "isolated"
    return hyperparameters | ({"reference_energies": dict(isolated_atoms_eV)} if own else {})


def check_reference_energies(settings: Mapping[str, Any], symbols: Collection[str]) -> None:
    """InputError if a run's reference energies are given, but lack one of the elements in its frames."""
    given = settings["hyperparameters"].get("reference_energies")
    if given is not None and (missing := sorted(set(symbols) - set(given))):
        raise InputError(
            f"model '{settings['model']}': 'reference_energies' have no energy of {', '.join(missing)}, which frames of training set "
            f"'{settings['training_set']}' have; add it (isolated: a frame of that atom alone), or set reference_energies: null"
        )
