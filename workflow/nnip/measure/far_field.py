"""The far field of a defect: force constants of the perfect crystal, and its stress under strain, against the reference.

One atom of the crystal is displaced by +-h along each axis; with the forces F_j on all atoms,

    Phi(a; j b) = -(F_jb(+h e_a) - F_jb(-h e_a)) / 2h,      error = |Phi - Phi'| / |Phi'| (Frobenius norms, Phi' the reference's)

and symmetry gives the constants of every other atom. The crystal is strained by +-e along xx, yy, zz, yz, xz and xy (a shear e changes the angle by
2 e): stress error = RMSE of the nine components over these 12 cells; C11 and C44 from the slopes. Ortner & Wang, Multiscale Model. Simul. 21, 1053
(2023): the far field of a defect is the crystal's response, harmonic and elastic. Needs the reference's engine: data of source emt.
"""

from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINED, Measurement, Quantity, Table, block, integer, number, real, text, whole

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Measure force constants and stresses of the crystal of",
    options=block(
        {
            "repeats": integer(3, "Cubic cells along each direction for the force constants; 3 is 108 atoms in 12 Å.", minimum=2, maximum=8),
            "h_A": number(0.01, "Displacement of the atom.", "Å", exclusiveMinimum=0, maximum=0.2),
            "strain": number(0.01, "Strains, either sign.", exclusiveMinimum=0, maximum=0.1),
            "frames_per_batch": integer(6, "Frames evaluated at once; bounds the memory.", "frames", minimum=1),
        },
        "Force constants and stress under strain of the perfect crystal, for data of source emt (table far_field); null = none, {} = with these "
        "defaults.",
        default=None,
    ),
    tables={
        "far_field": Table(
            "The perfect crystal by a training.",
            TRAINED
            | {
                "n_sites": whole("atoms of the crystal whose force constants are compared", "atoms"),
                "force_constants_error": real("relative error of the force constants", optional=True),
                "stress_rmse_eV_per_A3": real("root mean square error of the stress components of the strained crystals", "eV/A^3", optional=True),
                "C11_GPa": real("elastic constant, slope of the stress xx with the strain xx", "GPa", optional=True),
                "C11_reference_GPa": real("by the reference", "GPa"),
                "C44_GPa": real("half the slope of the stress yz with the strain yz", "GPa", optional=True),
                "C44_reference_GPa": real("by the reference", "GPa"),
                "reason": text("why values are blank", optional=True),
                "wall_s": real("wall time", "s"),
            },
        )
    },
    quantities=(
        Quantity(
            name="force_constants_error", table="far_field", column="force_constants_error", label="relative error of the force constants",
            log=True, role="predictor", better=-1,
        ),
        Quantity(
            name="strained_stress_error", table="far_field", column="stress_rmse_eV_per_A3", label="stress RMSE under strain", unit="GPa",
            factor=160.21766208, log=True, role="predictor", better=-1,
        ),
    ),
)  # fmt: skip


def problems(config: dict[str, Any], _: list[str]) -> list[str]:
    """Data whose engine is not at hand."""
    from nnip.measure.reference_crystal import engine_problem

    return engine_problem("far_field", config)


def splits(_: dict[str, Any], __: list[str]) -> list[str]:
    """The reference's frames alone."""
    return ["reference_crystal"]


def cost(_: dict[str, Any], __: int) -> int:
    """Six displaced crystals and twelve strained cells."""
    return 18


def frames_at_once(options: dict[str, Any]) -> int:
    """The frames of a batch."""
    return options["frames_per_batch"]


def measure(job: "Job") -> "Rows":
    """One row."""
    import numpy as np
    import torch
    from ase import units

    from nnip.crystal.response import elastic_constants_eV_per_A3, force_constants
    from nnip.measure.reference_crystal import of_part
    from nnip.potentials.evaluation import Batches, predicted_forces

    frames, options = of_part(job, "far_field"), job.options
    displaced, strained = frames["displaced"], frames["strained"]
    forces = np.array(predicted_forces(Batches(job.potential, displaced, options["frames_per_batch"])))
    batches = Batches(job.potential, strained, options["frames_per_batch"])
    stresses = batches.use(lambda graphs: torch.cat([job.potential.energies_forces_stress(graph)[2] for graph in graphs])).cpu().numpy()
    true = np.array([frame.get_stress(voigt=False) for frame in strained])
    reference = force_constants(np.array([frame.get_forces() for frame in displaced]), options["h_A"])
    row: dict[str, Any] = {"n_sites": len(displaced[0]), "reason": None}
    row |= {f"{name}_reference_GPa": value / units.GPa for name, value in elastic_constants_eV_per_A3(true, options["strain"]).items()}
    if np.isfinite(forces).all() and np.isfinite(stresses).all():
        ours = force_constants(forces, options["h_A"])
        row |= {"force_constants_error": float(np.linalg.norm(ours - reference) / np.linalg.norm(reference))}
        row |= {"stress_rmse_eV_per_A3": float(np.sqrt(np.mean((stresses - true) ** 2)))}
        row |= {f"{name}_GPa": value / units.GPa for name, value in elastic_constants_eV_per_A3(stresses, options["strain"]).items()}
    else:
        row["reason"] = "a force or a stress is not finite"
    return {"far_field": [row | {"wall_s": job.progress.wall_s}]}
