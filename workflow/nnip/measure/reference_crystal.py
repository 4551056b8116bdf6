"""What the measurements of crystals share: the reference's frames (nnip.crystal.reference), and data that have no reference."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ase import Atoms

    from nnip.measure.base import Job

TYPICAL_SITES = 32  # of a frame that limits of time are estimated for


def engine_problem(name: str, config: dict[str, Any]) -> list[str]:
    """A measurement of data whose engine is not at hand."""
    source = config["datasets"][config["dataset"]]["source"]
    if source == "emt":
        return []
    return [f"'{name}' needs the engine of the labels for crystals, which is at hand for source emt only, not for {source}: set it to null"]


def of_part(job: "Job", part: str) -> "dict[str, list[Atoms]]":
    """The reference's frames of one measurement by kind, in order."""
    kinds: dict[str, list[Atoms]] = {}
    for frame in job.frames("reference_crystal"):
        if frame.info["part"] == part:
            kinds.setdefault(frame.info["kind"], []).append(frame)
    return kinds


def size(repeats: int) -> int:
    """How many frames of TYPICAL_SITES sites a cell of repeats^3 cubic cells costs, 1 at least."""
    return max(4 * repeats**3 // TYPICAL_SITES, 1)
