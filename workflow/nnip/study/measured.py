"""What a study measures: every measurement's jobs, one folder each under results/<study>/runs/."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from nnip.declare.registry import measurements
from nnip.study.runs import Run


@dataclass(frozen=True)
class Measured:
    """One job: the run it is of, its variant (empty: there is one alone) and the options it is given."""

    run: str
    variant: str
    options: dict[str, Any]


def module(name: str) -> ModuleType:
    """The module of a measurement; light, for it imports torch and the like inside its functions."""
    return importlib.import_module(f"nnip.measure.{name}")


def asked_for(config: Mapping[str, Any]) -> list[str]:
    """The measurements whose block is in the config."""
    return [name for name in measurements() if config[name] is not None]


def jobs(name: str, config: dict[str, Any], runs: Mapping[str, Run]) -> dict[str, Measured]:
    """Folder under runs/ -> job of one measurement, one variant after the other, each in the order of the runs."""
    declared, variants = measurements()[name], getattr(module(name), "variants", None)
    found: dict[str, dict[str, Measured]] = {}
    for run in runs.values():
        if declared.of == "all" or (declared.of == "main" and (run.role == "main" or name in run.measure)):
            for variant, options in (variants(config, run) if variants else {"": config[name]}).items():
                folder = f"{run.name}/{name}" + (f"-{variant}" if variant else "")
                found.setdefault(variant, {})[folder] = Measured(run.name, variant, options)
    return {folder: job for group in found.values() for folder, job in group.items()}


def splits_read(name: str, options: Mapping[str, Any], every: list[str]) -> list[str]:
    """The splits a job reads, of all there are."""
    return module(name).splits(options, every)
