"""The measurement jobs of a study, one folder each under results/<study>/runs/."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from nnip.declare.registry import measurements
from nnip.study.runs import Run


@dataclass(frozen=True)
class Measured:
    """One job: its run, its variant (empty if there is only one) and its options."""

    run: str
    variant: str
    options: dict[str, Any]


def module(name: str) -> ModuleType:
    """The module of a measurement; its import is fast, as torch and similar packages are imported inside its functions."""
    return importlib.import_module(f"nnip.measure.{name}")


def asked_for(config: Mapping[str, Any]) -> list[str]:
    """The measurements whose block of the config is not null."""
    return [name for name in measurements() if config[name] is not None]


def jobs(name: str, config: dict[str, Any], runs: Mapping[str, Run]) -> dict[str, Measured]:
    """Folder under runs/ -> job of one measurement, variant by variant, each in the order of the runs."""
    declared, variants = measurements()[name], getattr(module(name), "variants", None)
    jobs_of: dict[str, dict[str, Measured]] = {}
    for run in runs.values():
        if declared.of == "all" or (declared.of == "main" and (run.role == "main" or name in run.measure)):
            for variant, options in (variants(config, run) if variants else {"": config[name]}).items():
                folder = f"{run.name}/{name}" + (f"-{variant}" if variant else "")
                jobs_of.setdefault(variant, {})[folder] = Measured(run.name, variant, options)
    return {folder: job for group in jobs_of.values() for folder, job in group.items()}


def splits_read(name: str, options: Mapping[str, Any], every: list[str]) -> list[str]:
    """The splits that a job reads, out of all."""
    return module(name).splits(options, every)
