"""Barriers that hold the bonds of the start frame: how much energy a model asks for before a bond is as long as a failure in hot MD.

The start is relaxed with the model itself. Each of its bonds (nnip.md.bonds) is stretched from its own length l_0 to the failure distance L of the
MD, in steps of step_A:

    b = max_{l_0 <= l <= L} E(l) - E(l_0),      height = E(L) - E(l_0).

A bond in no ring separates two rigid fragments. In a ring its two atoms move symmetrically, and all others stay (nnip.surface.stretching). A spurious
escape has a low b. Sums over bonds: lowest b, and sum exp(-b / kT) at the temperature of the MD, as for a rate by Arrhenius. No labels.
The scan is the rigid bond scan of BSCT (Liu, Qu, Kreiman, Blau & Krishnapriyan, arXiv 2602.04861, 2026); the barrier is this study's.
"""

import math
from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINED, Measurement, Quantity, Table, block, flag, integer, number, real, text, whole

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Stretch every bond of",
    options=block(
        {
            "step_A": number(0.02, "Step of the bond length.", "Å", exclusiveMinimum=0),
            "frames_per_batch": integer(50, "Frames evaluated at once; bounds the memory.", "frames", minimum=1),
        },
        "Barriers of the start frame's bonds up to md.max_bond_A (tables bond_scans and bond_barriers); null = none, {} = with these defaults.",
        default=None,
    ),
    tables={
        "bond_scans": Table(
            "The bonds of a training's relaxed start.",
            TRAINED
            | {
                "n_bonds": whole("bonds scanned", "bonds"),
                "lowest_barrier_eV": real("lowest barrier of a bond", "eV", optional=True),
                "lowest_bond": text("that bond: elements and numbers of its atoms", optional=True),
                "escape_sum": real("sum of exp(-barrier / kT) over the bonds, at md.temperature_K", optional=True),
                "reason": text("why values are blank", optional=True),
                "n_passes": whole("frames whose energies and forces were computed", "frames"),
                "wall_s": real("wall time", "s"),
            },
        ),
        "bond_barriers": Table(
            "A bond of a training's relaxed start.",
            TRAINED
            | {
                "atom_i": whole("an atom of the bond"),
                "atom_j": whole("the other"),
                "element_i": text("its element"),
                "element_j": text("the other's"),
                "in_ring": flag("whether it is in a ring: its two atoms are moved, not fragments"),
                "length_A": real("its length in the relaxed start", "A"),
                "barrier_eV": real("highest energy of the scan above the relaxed start", "eV", optional=True),
                "barrier_at_A": real("length at the highest energy", "A", optional=True),
                "height_eV": real("energy at the failure distance above the relaxed start", "eV", optional=True),
                "reason": text("why values are blank", optional=True),
            },
        ),
    },
    quantities=(
        Quantity(
            name="lowest_bond_barrier",
            table="bond_scans",
            column="lowest_barrier_eV",
            label="lowest barrier of a bond",
            unit="eV",
            role="predictor",
            better=1,
        ),
        Quantity(
            name="bond_escape_sum",
            table="bond_scans",
            column="escape_sum",
            label="sum of exp(-barrier / kT) over bonds",
            role="predictor",
            better=-1,
            log=True,
        ),
    ),
)
SHORTEST_BOND_A = 0.7
SUPPOSED_BONDS = 100


def problems(config: dict[str, Any], _: list[str]) -> list[str]:
    """No failure distance of a bond."""
    if config["md"]["max_bond_A"] is not None:
        return []
    return ["'bond_scans' stretches bonds up to 'md.max_bond_A', which is null: set bond_scans to null, or the distance if there are bonds"]


def variants(config: dict[str, Any], _: Any) -> dict[str, dict[str, Any]]:
    """One job, with the rules and the temperature of the MD."""
    from nnip.measure.start import md_options

    return {"": config["bond_scans"] | md_options(config, "temperature_K")}


def splits(_: dict[str, Any], __: list[str]) -> list[str]:
    """The start frame alone."""
    return ["start"]


def cost(options: dict[str, Any], _: int) -> int:
    """At most: one relaxation, and the scans of SUPPOSED_BONDS bonds."""
    from nnip.measure.start import RELAXATION

    lengths = math.ceil((options["max_bond_A"] - SHORTEST_BOND_A) / options["step_A"]) + 1
    return RELAXATION + SUPPOSED_BONDS * (lengths + math.ceil(lengths / options["frames_per_batch"]))


def frames_at_once(options: dict[str, Any]) -> int:
    """The frames of a batch and its spare copy."""
    return options["frames_per_batch"] + 1


def measure(job: "Job") -> "Rows":
    """One row, and one row per bond; checkpoints hold the relaxed start and the bonds done."""
    import torch

    from nnip.measure.start import relaxed_start
    from nnip.surface.barriers import barrier, bonds_of, summary

    surface, positions, reason = relaxed_start(job)
    rows: list[dict[str, Any]] = job.progress.state.get("rows", [])
    if reason is None:
        bonds = bonds_of(surface.frame, positions)
        for place in range(len(rows), len(bonds)):
            rows.append(barrier(surface, positions, bonds[place], job.options["max_bond_A"], job.options["step_A"]))
            job.progress.save_if_due(place + 1, {"positions": torch.tensor(positions), "rows": rows, "n_passes": surface.n_passes})
    row = summary(rows, job.options["temperature_K"]) | ({"reason": reason} if reason else {})
    return {"bond_scans": [row | {"n_passes": surface.n_passes, "wall_s": job.progress.wall_s}], "bond_barriers": rows}
