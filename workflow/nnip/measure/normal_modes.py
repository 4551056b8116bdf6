"""Normal modes of the relaxed start: whether it is a minimum, and how soft and stiff the surface is there.

The start is relaxed with the model itself. The matrix of second derivatives is from central differences of forces,

    H_ab = -(F_b(x + h e_a) - F_b(x - h e_a)) / 2h,

without labels. With the masses M, the eigenvalues w^2 of M^-1/2 H M^-1/2 without rigid motions give wavenumbers w / (2 pi c); an imaginary one
counts as negative. Modes below -30 1/cm are counted: rounding in float32 moves rigid modes by less than 6 1/cm at h = 0.005 Å. Errors: the
difference between the results of the lower and of the upper triangle of H, which are equal without rounding and higher derivatives.
Wilson, Decius & Cross, Molecular Vibrations (1955).
"""

from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINED, Measurement, Quantity, Table, block, integer, number, real, text, whole

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Find the normal modes of",
    options=block(
        {
            "h_A": number(0.005, "Displacement of a coordinate.", "Å", exclusiveMinimum=0),
            "frames_per_batch": integer(50, "Frames evaluated at once; bounds the memory.", "frames", minimum=2),
        },
        "Normal modes of the relaxed start frame (table normal_modes); null = none, {} = with these defaults.",
        default=None,
    ),
    tables={
        "normal_modes": Table(
            "The vibrations of a training's relaxed start.",
            TRAINED
            | {
                "n_modes": whole("vibrations, without rigid motions", "modes"),
                "n_negative": whole("of these, with a wavenumber below -30 1/cm", "modes", optional=True),
                "lowest_per_cm": real("lowest wavenumber; negative: imaginary", "1/cm", optional=True),
                "lowest_error_per_cm": real("its difference between the two triangles of the matrix", "1/cm", optional=True),
                "highest_per_cm": real("highest wavenumber", "1/cm", optional=True),
                "highest_error_per_cm": real("its difference between the two triangles of the matrix", "1/cm", optional=True),
                "reason": text("why values are blank", optional=True),
                "n_passes": whole("frames whose energies and forces were computed", "frames"),
                "wall_s": real("wall time", "s"),
            },
        )
    },
    quantities=(
        Quantity(name="negative_modes", table="normal_modes", column="n_negative", label="negative modes", role="predictor", better=-1),
        Quantity(
            name="lowest_wavenumber", table="normal_modes", column="lowest_per_cm", label="lowest wavenumber", unit="1/cm", role="predictor", better=1
        ),
        Quantity(name="highest_wavenumber", table="normal_modes", column="highest_per_cm", label="highest wavenumber", unit="1/cm", role="predictor"),
    ),
)
NEGATIVE_PER_CM = -30.0
SUPPOSED_ATOMS = 100


def variants(config: dict[str, Any], _: Any) -> dict[str, dict[str, Any]]:
    """One job, with the rules of the MD."""
    from nnip.measure.start import md_options

    return {"": config["normal_modes"] | md_options(config)}


def splits(_: dict[str, Any], __: list[str]) -> list[str]:
    """The start frame alone."""
    return ["start"]


def cost(_: dict[str, Any], __: int) -> int:
    """At most: one relaxation, and two frames, each with a spare copy, for every coordinate of SUPPOSED_ATOMS atoms."""
    from nnip.measure.start import RELAXATION

    return RELAXATION + 2 * 2 * 3 * SUPPOSED_ATOMS


def frames_at_once(options: dict[str, Any]) -> int:
    """The frames of a batch and its spare copy."""
    return options["frames_per_batch"] + 1


def measure(job: "Job") -> "Rows":
    """One row; checkpoints hold the relaxed start and the rows of the matrix that are done."""
    import numpy as np
    import torch

    from nnip.measure.start import relaxed_start
    from nnip.surface.vibrations import hessian_rows

    surface, positions, reason = relaxed_start(job)
    rows = job.progress.state.get("matrix", torch.zeros((0, positions.size), dtype=torch.float64)).numpy()
    if reason is None:
        at_once = job.options["frames_per_batch"] // 2
        while len(rows) < positions.size:
            coordinates = np.arange(len(rows), min(len(rows) + at_once, positions.size))
            rows = np.concatenate((rows, hessian_rows(surface, positions, coordinates, job.options["h_A"])))
            state = {"positions": torch.tensor(positions), "matrix": torch.tensor(rows), "n_passes": surface.n_passes}
            job.progress.save_if_due(len(rows), state)
    row = {"n_modes": 0, "reason": reason} if reason else _modes(rows, positions, surface.frame)
    return {"normal_modes": [row | {"n_passes": surface.n_passes, "wall_s": job.progress.wall_s}]}


def _modes(matrix: Any, positions_A: Any, frame: Any) -> dict[str, Any]:
    """Columns of the table from the matrix of second derivatives."""
    import numpy as np

    from nnip.surface.vibrations import wavenumbers

    if not np.isfinite(matrix).all():
        return {"n_modes": 0, "reason": "a force at a displaced atom is not finite"}
    lower, upper = (wavenumbers(each, positions_A, frame.get_masses(), rotations=not frame.pbc.any()) for each in (matrix, matrix.T))
    if not len(lower):
        return {"n_modes": 0, "reason": "a single atom has no vibrations"}
    both = (lower + upper) / 2
    row: dict[str, Any] = {"n_modes": len(both), "n_negative": int((both < NEGATIVE_PER_CM).sum())}
    for name, place in (("lowest", 0), ("highest", -1)):
        row |= {f"{name}_per_cm": float(both[place]), f"{name}_error_per_cm": float(abs(lower[place] - upper[place]))}
    return row
