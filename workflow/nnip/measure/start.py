"""The start frame of hot MD in measurements of the surface around it: the MD's options that count, its relaxation."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from nnip.measure.base import Job
    from nnip.surface.surface import Surface

RELAXATION_STEPS = 1000
# frames evaluated at most: each step's, with the spare copy of its batch
RELAXATION = 2 * (RELAXATION_STEPS + 1)


def md_options(config: dict[str, Any], *more: str) -> dict[str, Any]:
    """The failure rules of the MD and further options of it, for a job's options."""
    return {name: config["md"][name] for name in ("max_bond_A", "min_distance_A", *more)}


def relaxed_start(job: "Job") -> tuple["Surface", "np.ndarray", str | None]:
    """The model's surface around the start frame, its minimum there [n_atoms, 3] in Å, and why there is none (nnip.surface.relaxation.relax).

    A job that resumes takes positions and n_passes from its checkpoint. On a CPU torch is set to one thread, also afterwards: with several the
    rounding of a frame depends on the others (nnip.md.simulation.Batch).
    """
    import torch

    from nnip.surface.relaxation import relax
    from nnip.surface.surface import Surface

    if job.potential.device.type == "cpu":
        torch.set_num_threads(1)
    before = job.progress.state
    surface = Surface(job.potential, job.start(), job.options["frames_per_batch"], before.get("n_passes", 0))
    if "positions" in before:
        return surface, before["positions"].numpy(), None
    return surface, *relax(surface, job.options["max_bond_A"], job.options["min_distance_A"], RELAXATION_STEPS)
