"""Forces along bond scans beside those of the reference engine, beyond the training frames: smoothness, and errors where bonds break.

The frames are made once for a study (nnip.data.reference_scans): each bond in no ring of GFN2-xTB's minimum, with rigid fragments, from 0.5 to 2
times the sum of its covalent radii. With m = sum_atoms |F - F_ref(l_eq)|^2 for model and reference (l_eq: lowest reference energy) and
r = log max(m_model, 1) - log max(m_ref, 1) in eV/Å,

    FSD = max_k |r_(k+1) - r_k| / (l_(k+1) - l_k),      force error = mean_k |F . b - F_ref . b| at lengths of from_A to to_A,

with F . b the force along the bond, -dE/dl. FSD: Bond Smoothness Characterization Test of Liu, Qu, Kreiman, Blau & Krishnapriyan, arXiv 2602.04861
(2026); being a maximum, it depends on one point, so the 95 % quantile is beside it. Means over bonds with standard errors. Only data made with
GFN2-xTB have its engine at hand.
"""

from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINED, Measurement, Quantity, Table, block, integer, number, real, text, whole

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Compare bond scans with the reference of",
    options=block(
        {
            "n_points": integer(100, "Points of a scan.", minimum=3),
            "from_A": number(1.6, "Shortest length at which the force error counts.", "Å", exclusiveMinimum=0),
            "to_A": number(2.0, "Longest.", "Å", exclusiveMinimum=0),
            "frames_per_batch": integer(50, "Frames evaluated at once; bounds the memory.", "frames", minimum=1),
        },
        "Bond scans labelled by GFN2-xTB, for data of source xtb (tables reference_scans and reference_scan_bonds); null = none, {} = with these "
        "defaults.",
        default=None,
    ),
    tables={
        "reference_scans": Table(
            "The bond scans of a training.",
            TRAINED
            | {
                "n_bonds": whole("bonds scanned", "bonds"),
                "fsd_per_A": real("mean over bonds of the force smoothness deviation", "1/A", optional=True),
                "fsd_per_A_error": real("its standard error over bonds", "1/A", optional=True),
                "fsd_q95_per_A": real("mean over bonds of the 95 % quantile of the changes that FSD is the largest of", "1/A", optional=True),
                "fsd_q95_per_A_error": real("its standard error over bonds", "1/A", optional=True),
                "force_error_eV_per_A": real("mean over bonds of the error of the force along the bond, from_A to to_A", "eV/A", optional=True),
                "force_error_eV_per_A_error": real("its standard error over bonds", "eV/A", optional=True),
                "reason": text("why values are blank", optional=True),
                "n_passes": whole("frames whose energies and forces were computed", "frames"),
                "wall_s": real("wall time", "s"),
            },
        ),
        "reference_scan_bonds": Table(
            "A bond scanned for a training.",
            TRAINED
            | {
                "atom_i": whole("an atom of the bond"),
                "atom_j": whole("the other"),
                "element_i": text("its element"),
                "element_j": text("the other's"),
                "n_points": whole("points at which the reference converged"),
                "fsd_per_A": real("force smoothness deviation", "1/A", optional=True),
                "fsd_q95_per_A": real("95 % quantile of the changes that it is the largest of", "1/A", optional=True),
                "force_error_eV_per_A": real("mean error of the force along the bond; blank without a point", "eV/A", optional=True),
            },
        ),
    },
    quantities=(
        Quantity(
            name="force_smoothness_deviation",
            table="reference_scans",
            column="fsd_per_A",
            label="force smoothness deviation",
            unit="1/Å",
            role="predictor",
            better=-1,
            log=True,
        ),
        Quantity(
            name="stretched_bond_force_error",
            table="reference_scans",
            column="force_error_eV_per_A",
            label="force error on stretched bonds",
            unit="eV/Å",
            role="predictor",
            better=-1,
            log=True,
        ),
    ),
)
VALUES = ("fsd_per_A", "fsd_q95_per_A", "force_error_eV_per_A")
SUPPOSED_BONDS = 100


def problems(config: dict[str, Any], _: list[str]) -> list[str]:
    """Data whose engine is not at hand, and lengths in the wrong order."""
    options, source = config["reference_scans"], config["datasets"][config["dataset"]]["source"]
    if source != "xtb":
        return [f"'reference_scans' needs the engine of the labels, which is at hand for source xtb only, not for {source}: set it to null"]
    if not isinstance(config["datasets"][config["dataset"]]["smiles"], str):
        return ["'reference_scans' scans the bonds of one molecule, but the data set has several: set it to null"]
    if options["from_A"] < options["to_A"]:
        return []
    return [f"'reference_scans.from_A' is {options['from_A']}, but must be smaller than reference_scans.to_A ({options['to_A']})"]


def splits(_: dict[str, Any], __: list[str]) -> list[str]:
    """The scans alone."""
    return ["reference_scans"]


def cost(options: dict[str, Any], _: int) -> int:
    """At most the scans of SUPPOSED_BONDS bonds."""
    return SUPPOSED_BONDS * options["n_points"]


def frames_at_once(options: dict[str, Any]) -> int:
    """The frames of a batch."""
    return options["frames_per_batch"]


def measure(job: "Job") -> "Rows":
    """One row, and one row per bond."""
    import numpy as np

    from nnip.potentials.evaluation import predicted_forces
    from nnip.surface.smoothness import means

    batches = job.batches("reference_scans")
    forces = predicted_forces(batches)
    bonds: dict[tuple[int, int], list[int]] = {}
    for place, frame in enumerate(batches.frames):
        bonds.setdefault((int(frame.info["bond_i"]), int(frame.info["bond_j"])), []).append(place)
    rows = [
        _bond(job.options, pair, [batches.frames[place] for place in places], [forces[place] for place in places]) for pair, places in bonds.items()
    ]
    row: dict[str, Any] = {"n_bonds": len(rows), "n_passes": len(forces)}
    if all(np.isfinite(of_frame).all() for of_frame in forces):
        row |= means(rows, VALUES)
    else:
        row |= {"reason": "a predicted force is not finite"}
        rows = [{name: value for name, value in each.items() if name not in VALUES} for each in rows]
    return {"reference_scans": [row | {"wall_s": job.progress.wall_s}], "reference_scan_bonds": rows}


def _bond(options: dict[str, Any], pair: tuple[int, int], frames: list[Any], predicted: list[Any]) -> dict[str, Any]:
    """A row of table reference_scan_bonds."""
    import numpy as np

    from nnip.surface.smoothness import along, force_smoothness_deviation

    (i, j), symbols = pair, frames[0].symbols
    row = {"atom_i": i, "atom_j": j, "element_i": symbols[i], "element_j": symbols[j], "n_points": len(frames)}
    if len(frames) < 2:
        return row
    lengths, energies = (
        np.array(values) for values in zip(*((frame.info["length_A"], frame.get_potential_energy()) for frame in frames), strict=True)
    )
    ours, theirs, apart = (
        np.array(predicted),
        np.array([frame.get_forces() for frame in frames]),
        np.array([f.positions[j] - f.positions[i] for f in frames]),
    )
    row["fsd_per_A"], row["fsd_q95_per_A"] = force_smoothness_deviation(lengths, energies, theirs, ours)
    far = (lengths >= options["from_A"]) & (lengths <= options["to_A"])
    if far.any():
        row["force_error_eV_per_A"] = float(np.abs(along((ours - theirs)[far], frames[0].arrays["moved"], apart[far])).mean())
    return row
