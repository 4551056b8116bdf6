"""Latent distance: how far atoms of hot frames are from the training atoms, in the space of the model's own features.

z_a are the invariant features that the energy read-outs take of atom a (Potential.node_features), mu_s and C_s mean and covariance of those of the
training atoms of element s, in d dimensions:

    D_a^2 = (z_a - mu_s)^T (C_s + 1e-3 tr(C_s)/d I)^-1 (z_a - mu_s),      ratio_a = D_a / (95 % quantile of D over the training atoms of s).

Feature spaces of models differ, so only ratios are comparable. Of a frame: largest and mean ratio over its atoms; of frames: median and quartiles.
Frames: of the training, of the hottest test split (positions alone, no labels), and of the model's own hot MD before it fails, with other seeds.
Mahalanobis distance of features: Lee, Lee, Lee & Shin, NeurIPS 31 (2018), arXiv 1807.03888; of atoms' features: Zhu, Batzner, Musaelian & Kozinsky,
J. Chem. Phys. 158, 164111 (2023), with mixtures of Gaussians.
"""

import math
from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINED, Measurement, Quantity, Table, block, integer, number, real, text, whole

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Measure latent distances of",
    options=block(
        {
            "n_frames": integer(200, "Frames of each split, at most.", "frames", minimum=2),
            "n_replicas": integer(3, "Replicas of the model's own MD, at md.temperature_K; 0 = none.", minimum=0),
            "every_fs": number(25, "Interval of the frames of a replica.", "fs", exclusiveMinimum=0),
            "duration_fs": number(500, "Length of the MD.", "fs", exclusiveMinimum=0),
            "frames_per_batch": integer(50, "Frames evaluated at once; bounds the memory.", "frames", minimum=1),
        },
        "Distances of hot frames to the training frames in a model's features (table latent_distance); null = none, {} = with these defaults.",
        default=None,
    ),
    tables={
        "latent_distance": Table(
            "Some frames in a training's feature space.",
            TRAINED
            | {
                "frames": text("train, hottest (test split) or own (the model's own hot MD before it fails)"),
                "n_frames": whole("frames", "frames"),
                "largest": real("median over frames of the largest ratio of an atom's distance to the training's 95 % quantile", optional=True),
                "largest_low": real("lower quartile over frames", optional=True),
                "largest_high": real("upper quartile over frames", optional=True),
                "mean": real("median over frames of the mean ratio of the atoms", optional=True),
                "mean_low": real("lower quartile over frames", optional=True),
                "mean_high": real("upper quartile over frames", optional=True),
                "reason": text("why values are blank", optional=True),
                "n_passes": whole("frames whose energies and forces, or features, were computed; those of the training are in its row", "frames"),
                "wall_s": real("wall time", "s"),
            },
        )
    },
    quantities=(
        Quantity(
            name="latent_distance_hot",
            table="latent_distance",
            column="largest",
            where={"frames": "hottest"},
            label="latent distance, hottest test frames",
            role="predictor",
            better=-1,
            log=True,
        ),
        Quantity(
            name="latent_distance_own",
            table="latent_distance",
            column="largest",
            where={"frames": "own"},
            label="latent distance, own hot MD",
            role="predictor",
            better=-1,
            log=True,
        ),
    ),
)
MD = ("temperature_K", "timestep_fs", "tau_fs", "initial_velocities")


def problems(config: dict[str, Any], _: list[str]) -> list[str]:
    """An MD that is shorter than a step or than the interval of its frames."""
    own, step = config["latent_distance"], config["md"]["timestep_fs"]
    names = [("every_fs", step, "md.timestep_fs"), ("duration_fs", own["every_fs"], "latent_distance.every_fs")]
    return [
        f"'latent_distance.{name}' is {own[name]}, but must not be smaller than {other} ({least})"
        for name, least, other in names
        if own[name] < least
    ]


def variants(config: dict[str, Any], _: Any) -> dict[str, dict[str, Any]]:
    """One job, with the MD's options."""
    from nnip.measure.start import md_options

    return {"": config["latent_distance"] | md_options(config, *MD)}


def splits(options: dict[str, Any], every: list[str]) -> list[str]:
    """The training frames, the hottest test split, and where there is MD its start."""
    from nnip.data import hottest

    return ["train", *filter(None, [hottest(every)]), *(["start"] if options["n_replicas"] else [])]


def cost(options: dict[str, Any], n_frames: int) -> int:
    """At most: the frames of the splits, every step of the replicas and of the spare one, and the frames kept of them."""
    steps = math.ceil(options["duration_fs"] / options["timestep_fs"] - 1e-9)
    kept = math.ceil(options["duration_fs"] / options["every_fs"])
    return n_frames + (options["n_replicas"] + 1) * (steps + 1) + options["n_replicas"] * kept


def frames_at_once(options: dict[str, Any]) -> int:
    """The frames of a batch, or all replicas and the spare one."""
    return max(options["frames_per_batch"], options["n_replicas"] + 1)


def measure(job: "Job") -> "Rows":
    """One row per kind of frames; checkpoints hold the MD."""
    from nnip.data import hottest
    from nnip.study.manifest import Stopwatch
    from nnip.surface.latent import clouds, features_of

    watch, at_most = Stopwatch(), job.options["n_frames"]
    trained = job.batches("train", at_most)
    features, elements, frame_of = features_of(trained)
    try:
        known, reason = clouds(features, elements), None
    except ValueError as error:
        known, reason = {}, str(error)
    rows = [_row("train", trained.frames, known, features, elements, frame_of, reason) | {"n_passes": len(trained.frames), "wall_s": watch.wall_s}]
    if split := hottest(list(job.files)):
        watch, batches = Stopwatch(), job.batches(split, at_most)
        row = _row("hottest", batches.frames, known, *features_of(batches), reason)
        rows.append(row | {"n_passes": len(batches.frames), "wall_s": watch.wall_s})
    if job.options["n_replicas"]:
        rows.append(_own(job, known, reason))
    return {"latent_distance": rows}


def _own(job: "Job", known: dict[int, Any], reason: str | None) -> dict[str, Any]:
    """The row of the model's own MD."""
    import torch

    from nnip.potentials.evaluation import Batches
    from nnip.study.manifest import Stopwatch
    from nnip.surface.latent import features_of
    from nnip.surface.own_frames import own_frames

    if job.potential.device.type == "cpu":
        torch.set_num_threads(1)  # with several a replica's rounding depends on the others
    watch, model = Stopwatch(), (job.settings["model"], job.settings["seed"])
    seeds = [job.seed(f"replica {replica}", "own_frames", *model, replica) for replica in range(job.options["n_replicas"])]
    frames, result = own_frames(job.potential, job.start(), job.options, seeds, job.progress.state, job.progress.save_if_due)
    row: dict[str, Any] = {"frames": "own", "n_frames": 0, "reason": f"no replica lived for {job.options['every_fs']:g} fs"}
    if frames:
        row = _row("own", frames, known, *features_of(Batches(job.potential, frames, job.options["frames_per_batch"])), reason)
    evaluated = result.n_evaluated(job.options["timestep_fs"])
    return row | {"n_passes": evaluated + len(frames), "wall_s": round(watch.wall_s + job.progress.earlier_s, 3)}


def _row(kind: str, frames: Any, known: dict[int, Any], features: Any, elements: Any, frame_of: Any, reason: str | None) -> dict[str, Any]:
    """A row without its cost."""
    import numpy as np
    from ase.data import chemical_symbols

    from nnip.surface.latent import frame_ratios
    from nnip.surface.scatter import quartiles

    row: dict[str, Any] = {"frames": kind, "n_frames": len(frames)}
    if reason:
        return row | {"reason": reason}
    if unknown := set(elements.tolist()) - set(known):
        return row | {"reason": f"{chemical_symbols[min(unknown)]} is in no training frame"}
    largest, mean = frame_ratios(known, features, elements, frame_of)
    if not np.isfinite(mean).all():
        return row | {"reason": "a feature is not finite"}
    return row | quartiles("largest", largest) | quartiles("mean", mean)
