"""The study's figures: which there are, and the tables each is drawn from. Light to import: the drawing is in the modules, one a figure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Contents:
    """What a figure is drawn from: tables it needs, tables it uses where the study makes them; one figure per framework or one in all."""

    needs: tuple[str, ...]
    uses: tuple[str, ...] = ()
    per_framework: bool = False


FIGURES = {
    "scaling": Contents(("models", "errors", "outcomes")),
    "landscape_entropy": Contents(("models", "landscape", "entropy")),
    "experiments": Contents(("models", "landscape", "entropy", "failures", "survival"), ("trainings",), per_framework=True),
    "effects": Contents(("models", "effects"), per_framework=True),
    "landscapes": Contents(("models", "landscape"), ("trainings",), per_framework=True),
    "trends": Contents(("models", "predictors", "outcomes", "correlations")),
    "correlations": Contents(("correlations",), per_framework=True),
    "flatness": Contents(("models", "landscape", "entropy", "survival")),
    "learning_curves": Contents(("models", "errors", "learning_curves"), ("trainings",), per_framework=True),
    "slopes": Contents(("models", "errors", "outcomes", "learning_curves"), ("trainings",), per_framework=True),
    "rmse": Contents(("models", "errors"), ("trainings",), per_framework=True),
    "kaplan_meier": Contents(("models", "kaplan_meier", "survival", "logrank"), ("trainings",), per_framework=True),
    "sensitivity": Contents(("models", "sensitivity", "entropy"), per_framework=True),
    "sampling": Contents(("models", "sampling", "resolution"), per_framework=True),
    "directions": Contents(("models", "directions")),
    "planes": Contents(("models", "planes", "entropy"), per_framework=True),
    "test_landscapes": Contents(("models", "landscape", "entropy", "landscape_tests", "entropy_tests"), per_framework=True),
    "frozen": Contents(("models", "landscape", "entropy", "landscape_frozen", "entropy_frozen"), per_framework=True),
    "weights": Contents(("models", "weights", "weight_moments"), ("trainings",), per_framework=True),
    "distributions": Contents(("distributions", "distribution_moments")),
    "temperatures": Contents(("models", "temperatures"), ("trainings",), per_framework=True),
    "toy": Contents(("toy",)),
    "noise": Contents(("models", "noise_errors"), ("noise_trainings",)),
}
