"""Which frames of a pool to label next: those farthest from the training frames, those on which the seeds disagree, or any.

distance  Frames one after the other, each time the one with the largest smaller number of two: its mean ratio of distances to the training atoms
          (nnip.surface.latent), and its distance from the nearest frame chosen before: the mean over its atoms of that to the nearest atom of
          the element there, in the same features and units. Frames are so far from the training and from each other (farthest-first traversal:
          Gonzalez, Theor. Comput. Sci. 38, 293, 1985).
spread    Frames of the largest root mean square, over force components, of the standard deviation over the seeds of a model.
random    A random order.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from scipy.spatial.distance import cdist

from nnip.data.checks import fingerprint
from nnip.data.extxyz import write_frames
from nnip.data.formats import read_any
from nnip.data.frames import molecule_of, read_frames
from nnip.data.info import kept
from nnip.data.start import bare
from nnip.jobs.errors import InputError
from nnip.jobs.files import alone_in, sha256
from nnip.measure.base import load_trained
from nnip.potentials.base import Potential
from nnip.potentials.evaluation import Batches, predicted_forces
from nnip.study.manifest import Stopwatch, read_manifest, write_manifest
from nnip.study.seeds import derive
from nnip.study.tables import write_table
from nnip.surface.latent import clouds, features_of, frame_ratios

DECIMALS = 8  # of positions in extxyz, to know frames again


def select_frames(
    settings: Mapping[str, Any],
    options: Mapping[str, Any],
    train_directories: Sequence[str | os.PathLike[str]],
    known: Sequence[str | os.PathLike[str]],
    pool: str | os.PathLike[str],
    directory: str | os.PathLike[str],
) -> None:
    """Write <kind>.xyz of every kind in options["by"], frames without labels in the order of choice, table selected.csv and manifest.json.

    settings: a run's. options: the config's block `select`. train_directories: trainings of one model by seed; the first one's features count. known:
    files of frames that are no candidates, the training frames first. pool: a file of the data stage or of the user. InputError for a pool with too
    few frames, a training without a model, and features that do not vary.
    """
    with alone_in(directory):
        watch = Stopwatch()
        potentials = [_loaded(path, settings["device"]) for path in train_directories]
        elements = set(read_manifest(Path(train_directories[0]) / "manifest.json")["elements"])
        frames, n_pool, n_unknown = candidates(pool, known, elements)
        if len(frames) < options["n_frames"]:
            unknown = f", {n_unknown} with elements that no training frame has" if n_unknown else ""
            raise InputError(f"select.n_frames: {options['n_frames']} frames asked for, but {pool} has {len(frames)} new ones of {n_pool}{unknown}")
        rows: list[dict[str, Any]] = []
        seeds = {}
        for kind in options["by"]:
            if kind == "random":
                seeds["random"] = derive(settings["root_seed"], "select")
                order, values = np.random.default_rng(seeds["random"]).permutation(len(frames)), np.zeros(len(frames))
            elif kind == "spread":
                values = spreads(potentials, frames, options["frames_per_batch"])
                order = np.argsort(-values, kind="stable")
            else:
                order, values = by_distance(potentials[0], read_frames(known[0]), frames, options["n_frames"], options["frames_per_batch"])
            chosen = order[: options["n_frames"]]
            write_frames(Path(directory) / f"{kind}.xyz", [frames[i] for i in chosen])
            rows += [
                {"framework": settings["framework"], "model": settings["model"], "by": kind, "rank": rank, "frame": frames[i].info["origin"]}
                | {"molecule": molecule_of(frames[i]), "value": None if kind == "random" else float(values[i])}
                for rank, i in enumerate(chosen)
            ]
        write_table("selected", rows, Path(directory) / "selected.csv")
        write_manifest(
            Path(directory) / "manifest.json",
            stage="select",
            settings={**settings, "select": dict(options)},
            seeds=seeds,
            device=potentials[0].device.type,
            watch=watch,
            pool_frames=n_pool,
            candidates=len(frames),
            unknown_elements=n_unknown,
            input_sha256={str(pool): sha256(pool)},
        )


def _loaded(train_directory: str | os.PathLike[str], device: str) -> Potential:
    potential, reason = load_trained(train_directory, device)
    if potential is None:
        raise InputError(f"select: {reason}")
    return potential


def candidates(pool: str | os.PathLike[str], known: Sequence[str | os.PathLike[str]], elements: set[str]) -> tuple[list[Atoms], int, int]:
    """Bare frames of the pool that are not known, without repeats, of these elements; frames in the pool, and those of other elements."""
    seen = {fingerprint(frame) for path in known for frame in read_frames(path)}
    frames, n_pool, n_unknown = [], 0, 0
    for n_pool, frame in enumerate(read_any(pool), start=1):
        where = f"{Path(pool).name} frame {n_pool - 1}"
        origin = frame.info.get("origin", where)
        frame.info = kept({**frame.arrays, **frame.info}, where) | {"origin": str(origin).replace("\\", "/").replace('"', "'")}
        frame.positions = frame.positions.round(DECIMALS)
        if set(frame.symbols) - elements:
            n_unknown += 1
        elif (mark := fingerprint(frame)) not in seen:
            seen.add(mark)
            frames.append(bare(frame))
    return frames, n_pool, n_unknown


def spreads(potentials: Sequence[Potential], frames: Sequence[Atoms], frames_per_batch: int) -> np.ndarray:
    """Of each frame, the root mean square over force components of their standard deviation (unbiased) over the potentials [n_frames], in eV/Å."""
    forces = [predicted_forces(Batches(potential, frames, frames_per_batch)) for potential in potentials]
    return np.array([np.sqrt(np.var(np.stack(own), axis=0, ddof=1).mean()) for own in zip(*forces, strict=True)])


def by_distance(
    potential: Potential, learnt: Sequence[Atoms], frames: Sequence[Atoms], n: int, frames_per_batch: int
) -> tuple[np.ndarray, np.ndarray]:
    """The first n frames by distance, and the distance at which each frame was chosen (of others, their distance to the training frames)."""
    features, elements, _ = features_of(Batches(potential, learnt, frames_per_batch))
    try:
        known = clouds(features, elements)
    except ValueError as error:
        raise InputError(f"select.by: no distances: {error}") from None
    features, elements, frame_of = features_of(Batches(potential, frames, frames_per_batch))
    _, ratios = frame_ratios(known, features, elements, frame_of)
    whitened = np.empty_like(features)
    for element, cloud in known.items():
        own = elements == element
        whitened[own] = (features[own] - cloud.mean) @ np.linalg.cholesky(cloud.inverse) / cloud.typical
    return farthest_first(ratios, whitened, elements, frame_of, n)


def farthest_first(ratios: np.ndarray, points: np.ndarray, elements: np.ndarray, frame_of: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The first n places of [n_frames] ratios, and the values at which they were chosen.

    points [n_atoms, d], elements and frames [n_atoms] of all atoms. A frame's distance from a chosen one is the mean over its atoms of the distance
    to the nearest atom of that element there.
    """
    value, left, order = ratios.astype(float).copy(), ratios.astype(float).copy(), []
    n_atoms = np.bincount(frame_of)
    for _ in range(n):
        chosen = int(np.argmax(left))
        value[chosen] = left[chosen]
        order.append(chosen)
        apart = np.full(len(points), np.inf)
        for element in np.unique(elements[frame_of == chosen]):
            own = elements == element
            apart[own] = cdist(points[own], points[own & (frame_of == chosen)]).min(axis=1)
        left = np.minimum(left, np.bincount(frame_of, apart) / n_atoms)
        left[order] = -np.inf
    return np.array(order, dtype=int), value
