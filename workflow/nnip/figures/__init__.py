"""The study's figures: which there are, and the tables each is drawn from. Light to import: the drawing is in the modules, one a figure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Contents:
    """What a figure is drawn from: tables it needs, tables it uses where the study makes them; one figure per framework or one in all."""

    needs: tuple[str, ...]
    uses: tuple[str, ...] = ()
    per_framework: bool = False


FIGURES = {
    "scaling": Contents(("models", "errors")),
    "landscape_entropy": Contents(("models", "landscape", "entropy")),
    "experiments": Contents(("models", "landscape", "entropy", "failures", "survival"), ("trainings",), per_framework=True),
    "landscapes": Contents(("models", "landscape"), ("trainings",), per_framework=True),
    "trends": Contents(("models", "predictors", "outcomes", "correlations")),
    "learning_curves": Contents(("models", "errors", "learning_curves"), ("trainings",)),
    "slopes": Contents(("models", "errors", "learning_curves")),
    "errors": Contents(("models", "errors"), ("trainings",)),
    "sensitivity": Contents(("models", "sensitivity"), per_framework=True),
    "kaplan_meier": Contents(("models", "kaplan_meier", "survival", "logrank"), ("trainings",), per_framework=True),
    "correlations": Contents(("correlations",)),
    "flatness": Contents(("models", "landscape", "entropy", "survival")),
    "directions": Contents(("models", "directions")),
}
