"""Landscapes of one trained model, from its settings to its tables: lines, and planes."""

import os
from typing import Any

from nnip.data.frames import read_labelled
from nnip.landscape.directions import cosines, draw_directions
from nnip.landscape.frozen import frozen_parameters, frozen_weights
from nnip.landscape.losses import line, plane_row, positions
from nnip.measure.stages import load_trained, names, resumable, write_measured
from nnip.potentials.evaluation import Batches
from nnip.study.manifest import Stopwatch
from nnip.study.seeds import derive
from nnip.study.tables import write_table


def direction_seeds(settings: dict[str, Any], mode: str, n_directions: int) -> dict[str, int]:
    """The seeds of a model's directions by their use: the same for its lines over any split, with frozen parameters, and for its plane."""
    model = (settings["model"], settings["seed"], mode)
    return {f"direction {number}": derive(settings["root_seed"], "landscape", *model, number) for number in range(n_directions)}


def scan(
    settings: dict[str, Any],
    options: dict[str, Any],
    mode: str,
    train_directory: str | os.PathLike[str],
    frames_file: str | os.PathLike[str],
    directory: str | os.PathLike[str],
    checkpoint_minutes: float = 5.0,
) -> None:
    """Write landscape.csv, directions.csv (pairwise cosines) and manifest.json of one trained model in one mode.

    options: nnip.landscape.variants.line_options; frames_file: the frames of its split. With `frozen` (a name and a pattern of parameters'
    names) landscape.csv is a table landscape_frozen. A training without a model gives tables without rows and a manifest that says why.
    What was interrupted goes on from its newest checkpoint, which holds finished lines.
    InputError for frames without labels, for more directions than the model's filters allow, and for a pattern of no parameter or all.
    """
    watch = Stopwatch()
    potential, reason = load_trained(train_directory, settings["device"])
    n_directions, frozen = options["n_directions"], options.get("frozen")
    seeds = direction_seeds(settings, mode, n_directions)
    who = names(settings) | {"mode": mode}
    where = who | {"split": options["split"]} | ({"frozen": frozen["name"]} if frozen else {})
    with resumable(potential, [settings, options, mode], train_directory, [frames_file], directory, checkpoint_minutes) as progress:
        rows: list[dict[str, Any]] = progress.state.get("rows", [])
        pairs: list[dict[str, Any]] = []
        more: dict[str, Any] = {"mode": mode, "n_frames": 0}
        if potential:
            kept = None
            if frozen:
                more["frozen_parameters"] = frozen_parameters(potential.module, frozen["pattern"])
                kept = frozen_weights(potential.module, more["frozen_parameters"])
            frames = read_labelled(frames_file, options["n_frames"])
            more["n_frames"] = len(frames)
            batches = Batches(potential, frames, options["frames_per_batch"])
            directions = draw_directions(potential, mode, list(seeds.values()), kept)
            points = positions(mode, options["n_points"], options["distance"])
            for number in range(progress.done, n_directions):
                rows += [where | {"direction": number} | row for row in line(batches, directions[number], points)]
                progress.save_if_due(number + 1, {"rows": rows})
            more["frames_per_batch"] = batches.frames_per_batch
            cosine = cosines(directions).tolist()
            pairs = [
                who | {"direction_a": a, "direction_b": b, "cosine": cosine[a][b]} for a in range(n_directions) for b in range(a + 1, n_directions)
            ]
        write_table("landscape_frozen" if frozen else "landscape", rows, f"{directory}/landscape.csv")
        write_table("directions", pairs, f"{directory}/directions.csv")
        write_measured(directory, "landscape", settings | {"landscape": options}, seeds, potential, reason, watch, progress, **more)


def scan_plane(
    settings: dict[str, Any],
    options: dict[str, Any],
    train_directory: str | os.PathLike[str],
    frames_file: str | os.PathLike[str],
    directory: str | os.PathLike[str],
    checkpoint_minutes: float = 5.0,
) -> None:
    """Write planes.csv and manifest.json (with the cosine of the two directions) of one trained model.

    options: nnip.landscape.variants.plane_options; frames_file: the frames of its split. Trainings without a model, interruptions (rows are
    kept) and errors: as in scan.
    """
    watch = Stopwatch()
    potential, reason = load_trained(train_directory, settings["device"])
    mode = options["mode"]
    seeds = direction_seeds(settings, mode, 2)
    with resumable(potential, [settings, options], train_directory, [frames_file], directory, checkpoint_minutes) as progress:
        rows: list[dict[str, Any]] = progress.state.get("rows", [])
        more: dict[str, Any] = {"n_frames": 0, "cosine": None}
        if potential:
            frames = read_labelled(frames_file, options["n_frames"])
            batches = Batches(potential, frames, options["frames_per_batch"])
            directions = draw_directions(potential, mode, list(seeds.values()))
            points = positions(mode, options["n_points"], options["distance"])
            where = names(settings) | {"mode": mode, "split": options["split"]}
            for number in range(progress.done, len(points)):
                rows += [where | row for row in plane_row(batches, directions, points[number], points)]
                progress.save_if_due(number + 1, {"rows": rows})
            more = {"n_frames": len(frames), "frames_per_batch": batches.frames_per_batch, "cosine": float(cosines(directions)[0, 1])}
        write_table("planes", rows, f"{directory}/planes.csv")
        write_measured(directory, "plane", settings | {"planes": options}, seeds, potential, reason, watch, progress, **more)
