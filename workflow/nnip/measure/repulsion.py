"""The wall at short distances: whether pairs of atoms that are pushed closer than they ever are repel each other.

The start is relaxed with the model itself. Its bonds are compressed, and its nearest pairs with three bonds or more between them are pushed together
along their axis, to distances r of closest_A to farthest_A (nnip.surface.walls). Only distances below 0.75 times the sum of their covalent radii
count: above, an approach may form a bond, such as H2, and attract with good reason. With E(r) of the scan

    attracting = share of all (pair, r) with -dE/dr < 0,      lowest energy = min over all (pair, r) of E(r) - E(start).

A model without a hole in its wall has 0, and a lowest energy well above 0. This is the condition of the diatomics of MLIP Arena (Chiang et al., 2025:
force flips and repulsion at short distance) inside the molecule, since a dimer is far from any frame of a training on one molecule. No labels.
"""

import math
from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINED, Measurement, Quantity, Table, block, flag, integer, number, real, text, whole

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Push atoms together in",
    options=block(
        {
            "closest_A": number(0.6, "Shortest distance of a pair.", "Å", exclusiveMinimum=0),
            "farthest_A": number(1.2, "Longest distance of a pair.", "Å", exclusiveMinimum=0),
            "step_A": number(0.05, "Step between them.", "Å", exclusiveMinimum=0),
            "n_pairs": integer(40, "Pairs that are not bonded, the nearest first.", "pairs", minimum=0),
            "frames_per_batch": integer(50, "Frames evaluated at once; bounds the memory.", "frames", minimum=1),
        },
        "Repulsion of atoms that are pushed together (tables repulsion and repulsion_pairs); null = none, {} = with these defaults.",
        default=None,
    ),
    tables={
        "repulsion": Table(
            "The wall around a training's relaxed start.",
            TRAINED
            | {
                "n_pairs": whole("pairs pushed together", "pairs"),
                "attracting": real("share of pairs and distances at which the pair attracts", optional=True),
                "attracting_error": real("its standard error over pairs", optional=True),
                "lowest_energy_eV": real("lowest energy of a pair pushed together above the relaxed start", "eV", optional=True),
                "reason": text("why values are blank", optional=True),
                "n_passes": whole("frames whose energies and forces were computed", "frames"),
                "wall_s": real("wall time", "s"),
            },
        ),
        "repulsion_pairs": Table(
            "A pair of atoms of a training's relaxed start.",
            TRAINED
            | {
                "atom_i": whole("an atom of the pair"),
                "atom_j": whole("the other"),
                "element_i": text("its element"),
                "element_j": text("the other's"),
                "bonded": flag("whether it is a bond of the start"),
                "n_distances": whole("distances at which it must repel: inside its covalent radii, and below its own distance"),
                "n_attracting": whole("of these, those at which the pair attracts", optional=True),
                "lowest_energy_eV": real("lowest energy of them above the relaxed start", "eV", optional=True),
                "reason": text("why values are blank", optional=True),
            },
        ),
    },
    quantities=(
        Quantity(
            name="wall_attracting",
            table="repulsion",
            column="attracting",
            label="share of short distances that attract",
            role="predictor",
            better=-1,
        ),
        Quantity(
            name="wall_lowest_energy",
            table="repulsion",
            column="lowest_energy_eV",
            label="lowest energy at short distances",
            unit="eV",
            role="predictor",
            better=1,
        ),
    ),
)
SUPPOSED_BONDS = 100


def problems(config: dict[str, Any], _: list[str]) -> list[str]:
    """Distances in the wrong order."""
    closest, farthest = (config["repulsion"][name] for name in ("closest_A", "farthest_A"))
    return [] if closest < farthest else [f"'repulsion.closest_A' is {closest}, but must be smaller than repulsion.farthest_A ({farthest})"]


def variants(config: dict[str, Any], _: Any) -> dict[str, dict[str, Any]]:
    """One job, with the rules of the MD."""
    from nnip.measure.start import md_options

    return {"": config["repulsion"] | md_options(config)}


def splits(_: dict[str, Any], __: list[str]) -> list[str]:
    """The start frame alone."""
    return ["start"]


def cost(options: dict[str, Any], _: int) -> int:
    """At most: one relaxation, its energy, and every distance of the pairs and of SUPPOSED_BONDS bonds."""
    from nnip.measure.start import RELAXATION

    distances = math.ceil((options["farthest_A"] - options["closest_A"]) / options["step_A"]) + 1
    return RELAXATION + 2 + (options["n_pairs"] + SUPPOSED_BONDS) * (distances + math.ceil(distances / options["frames_per_batch"]))


def frames_at_once(options: dict[str, Any]) -> int:
    """The frames of a batch and its spare copy."""
    return options["frames_per_batch"] + 1


def measure(job: "Job") -> "Rows":
    """One row, and one row per pair; checkpoints hold the relaxed start and the pairs done."""
    import torch

    from nnip.measure.start import relaxed_start
    from nnip.surface.barriers import lengths
    from nnip.surface.walls import pushes, summary, wall

    options = job.options
    surface, positions, reason = relaxed_start(job)
    rows: list[dict[str, Any]] = job.progress.state.get("rows", [])
    if reason is None:
        distances = lengths(options["closest_A"], options["farthest_A"], options["step_A"])
        before = job.progress.state
        start_eV = before["start_eV"] if "start_eV" in before else float(surface.energies_forces(positions[None])[0][0])
        pairs = pushes(surface.frame, positions, options["max_bond_A"] is not None, options["n_pairs"], distances)
        for place in range(len(rows), len(pairs)):
            rows.append(wall(surface, positions, start_eV, pairs[place], distances))
            state = {"positions": torch.tensor(positions), "rows": rows, "start_eV": start_eV, "n_passes": surface.n_passes}
            job.progress.save_if_due(place + 1, state)
    row = {"n_pairs": 0, "reason": reason} if reason else summary(rows)
    return {"repulsion": [row | {"n_passes": surface.n_passes, "wall_s": job.progress.wall_s}], "repulsion_pairs": rows}
