"""The weights of all trained models of one framework, from their trainings to the tables of their distributions."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnip.measure.stages import load_trained, names
from nnip.measure.weight_distributions import grouped, histogram, moments
from nnip.study.manifest import Stopwatch, read_manifest, write_manifest
from nnip.study.tables import write_table


def measure_weights(options: dict[str, Any], train_directories: Sequence[str | os.PathLike[str]], directory: str | os.PathLike[str]) -> None:
    """Write weights.csv, weight_moments.csv and manifest.json of all trained models of one framework.

    options: the config's weights block. Weights are those the model is evaluated with (averages where training kept them), as stored: in e3nn's
    normalisation they begin with unit variance and the forward pass divides by the square root of the number of inputs, so that layers of any
    width compare (MACE's contractions begin with the inverse of their number of paths). Trainings without a model give no row; the manifest names
    them.
    """
    watch = Stopwatch()
    rows: list[dict[str, Any]] = []
    summaries: list[dict[str, Any]] = []
    measured, skipped = [], {}
    for train_directory in train_directories:
        potential, reason = load_trained(train_directory, "cpu")
        settings = read_manifest(Path(train_directory) / "manifest.json")["settings"]
        if not potential:
            skipped[settings["run"]] = reason
            continue
        measured.append(settings["run"])
        parameters = {name: parameter.detach().double().numpy() for name, parameter in potential.module.named_parameters()}
        for group, values in grouped(parameters).items():
            who = names(settings) | {"group": group}
            rows += [who | row for row in histogram(values, options["n_bins"])]
            summaries.append(who | moments(values))
    write_table("weights", rows, f"{directory}/weights.csv")
    write_table("weight_moments", summaries, f"{directory}/weight_moments.csv")
    write_manifest(f"{directory}/manifest.json", "weights", {"weights": options, "runs": measured}, {}, "cpu", watch, skipped=skipped)
