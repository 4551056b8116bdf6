"""Gates: whether a model keeps the symmetry and the energy that every conservative potential keeps. Pass or fail, no candidates of the league.

Rotation: of the start frame x and seeded rotations R, max |E(Rx) - E(x)| and max |F(Rx) - R F(x)|; the rotation test of MLIP Arena (Chiang et al.,
2025). Drift: of replicas of dynamics without a thermostat, |slope| of the total energy per atom by least squares (Fu et al., arXiv 2502.12147, 2025,
average the same quantity over runs); median and quartiles. NequIP and MACE are equivariant and conservative by construction: rounding and the
integrator are what is left, so a failure is a fault of a build, a device or a precision.
"""

import math
from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINED, Measurement, Table, block, flag, integer, number, real, text, whole

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Check rotations and energy conservation of",
    options=block(
        {
            "n_rotations": integer(8, "Rotations of the start frame.", minimum=1),
            "n_replicas": integer(8, "Replicas of the dynamics without a thermostat.", minimum=1),
            "temperature_K": number(300, "Temperature of their initial velocities.", "K", exclusiveMinimum=0),
            "timestep_fs": number(0.5, "Time step.", "fs", exclusiveMinimum=0),
            "duration_fs": number(200, "Length of the dynamics.", "fs", exclusiveMinimum=0),
            "most_rotation_eV": number(1e-3, "Largest change of the energy by a rotation that passes.", "eV", exclusiveMinimum=0),
            "most_rotation_eV_per_A": number(1e-3, "Largest error of a force component by a rotation that passes.", "eV/Å", exclusiveMinimum=0),
            "most_drift_eV_per_atom_per_ps": number(1e-3, "Largest median drift that passes.", "eV/atom/ps", exclusiveMinimum=0),
            "frames_per_batch": integer(50, "Rotated frames evaluated at once; bounds the memory.", "frames", minimum=1),
        },
        "Checks of rotational symmetry and energy conservation (table gates); null = none, {} = with these defaults.",
        default=None,
    ),
    tables={
        "gates": Table(
            "The checks of a training.",
            TRAINED
            | {
                "rotation_eV": real("largest change of the energy by a rotation", "eV", optional=True),
                "rotation_eV_per_A": real("largest error of a force component by a rotation", "eV/A", optional=True),
                "rotation_passed": flag("whether both are within the limits"),
                "drift": real("median over replicas of |slope| of the total energy", "eV/atom/ps", optional=True),
                "drift_low": real("lower quartile over replicas", "eV/atom/ps", optional=True),
                "drift_high": real("upper quartile over replicas", "eV/atom/ps", optional=True),
                "drift_passed": flag("whether the median is within the limit"),
                "reason": text("why values are blank", optional=True),
                "n_passes": whole("frames whose energies and forces were computed", "frames"),
                "wall_s": real("wall time", "s"),
            },
        )
    },
)


def problems(config: dict[str, Any], _: list[str]) -> list[str]:
    """Dynamics of less than two steps, which have no slope."""
    gates = config["gates"]
    if gates["duration_fs"] >= 2 * gates["timestep_fs"]:
        return []
    return [f"'gates.duration_fs' is {gates['duration_fs']}, but must be at least two steps of gates.timestep_fs ({gates['timestep_fs']})"]


def variants(config: dict[str, Any], _: Any) -> dict[str, dict[str, Any]]:
    """One job, with the rules of the MD."""
    from nnip.measure.start import md_options

    return {"": config["gates"] | md_options(config)}


def splits(_: dict[str, Any], __: list[str]) -> list[str]:
    """The start frame alone."""
    return ["start"]


def cost(options: dict[str, Any], _: int) -> int:
    """At most: the rotations, and every step of the replicas and of the spare one."""
    return 1 + options["n_rotations"] + (options["n_replicas"] + 1) * (math.ceil(options["duration_fs"] / options["timestep_fs"] - 1e-9) + 1)


def frames_at_once(options: dict[str, Any]) -> int:
    """The frames of a batch, or all replicas and the spare one."""
    return max(options["frames_per_batch"], options["n_replicas"] + 1)


def measure(job: "Job") -> "Rows":
    """One row; checkpoints hold the dynamics."""
    import numpy as np
    import torch
    from scipy.spatial.transform import Rotation

    from nnip.surface.conservation import drifts, free_dynamics, rotation_errors
    from nnip.surface.scatter import quartiles

    if job.potential.device.type == "cpu":
        torch.set_num_threads(1)  # with several a replica's rounding depends on the others
    options, start, model = job.options, job.start(), (job.settings["model"], job.settings["seed"])
    turns = Rotation.random(options["n_rotations"], rng=np.random.default_rng(job.seed("rotations", "gates", "rotations")))
    row: dict[str, Any] = {"rotation_passed": False, "drift_passed": False}
    energy, force = (float(errors.max()) for errors in rotation_errors(job.potential, start, list(turns), options["frames_per_batch"]))
    if math.isfinite(energy) and math.isfinite(force):
        within = energy <= options["most_rotation_eV"] and force <= options["most_rotation_eV_per_A"]
        row |= {"rotation_eV": energy, "rotation_eV_per_A": force, "rotation_passed": within}
    seeds = [job.seed(f"replica {replica}", "gates", *model, replica) for replica in range(options["n_replicas"])]
    totals, result = free_dynamics(job.potential, start, options, seeds, job.progress.state, job.progress.save_if_due)
    if failed := sum(ending.failed for ending in result.endings):
        row |= {"reason": f"{failed} of {len(seeds)} replicas failed at {options['temperature_K']:g} K"}
    else:
        found = drifts(totals, options["timestep_fs"])
        row |= quartiles("drift", found) | {"drift_passed": bool(np.median(found) <= options["most_drift_eV_per_atom_per_ps"])}
    passes = 1 + len(turns) + result.n_evaluated(options["timestep_fs"])
    return {"gates": [row | {"n_passes": passes, "wall_s": job.progress.wall_s}]}
