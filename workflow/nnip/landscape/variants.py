"""The landscapes that a config asks for beside the main line: planes, and lines over other splits or with frozen parameters.

Each function gives folders under results/<study>/runs/ with the run that each is of, one job a folder. Light to import: no torch.
"""

from collections.abc import Mapping
from typing import Any

from nnip.study.runs import Run, is_main

LINES = ("modes", "split", "n_directions", "n_points", "distance", "n_frames", "frames_per_batch")
PLANES = ("mode", "split", "n_points", "distance", "n_frames")


def line_options(config: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """What a job along lines is told of the landscape block: what the main line is told, whatever else the block asks for, and what is changed."""
    return {name: config["landscape"][name] for name in LINES} | changed


def plane_options(config: dict[str, Any]) -> dict[str, Any]:
    """What a job over a plane is told of the config."""
    return {name: config["planes"][name] for name in PLANES} | {"frames_per_batch": config["landscape"]["frames_per_batch"]}


def planes(config: dict[str, Any], runs: Mapping[str, Run]) -> dict[str, Run]:
    """One plane per model of the planes block, of the first seed's training on all frames."""
    block = config["planes"]
    asked = [run for run in runs.values() if block and is_main(run, config) and run.model in block["models"] and run.seed == config["seeds"][0]]
    return {f"{run.name}/plane": run for run in asked}


def split_landscapes(config: dict[str, Any], runs: Mapping[str, Run]) -> dict[str, Run]:
    """Lines over each split of landscape.test_splits."""
    splits = config["landscape"]["test_splits"]
    return {f"{run.name}/landscape-{mode}-{split}": run for split in splits for mode in _modes(config) for run in _runs(config, runs)}


def frozen_landscapes(config: dict[str, Any], runs: Mapping[str, Run]) -> dict[str, Run]:
    """Lines with each choice of landscape.frozen, of the frameworks it has a pattern for."""
    return {
        f"{run.name}/landscape-{mode}-frozen-{name}": run
        for name, patterns in config["landscape"]["frozen"].items()
        for mode in _modes(config)
        for run in _runs(config, runs)
        if run.framework in patterns
    }


def _modes(config: dict[str, Any]) -> list[str]:
    return config["landscape"]["variants"]["modes"] or config["landscape"]["modes"]


def _runs(config: dict[str, Any], runs: Mapping[str, Run]) -> list[Run]:
    models = config["landscape"]["variants"]["models"]
    return [run for run in runs.values() if is_main(run, config) and (models is None or run.model in models)]
