"""Errors of a trained model on every split: energy per atom, force and stress components, RMSE and MAE."""

from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINING, Measurement, Table, block, integer, real, text, whole

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Evaluate",
    of="all",
    options=block(
        {"frames_per_batch": integer(50, "Frames evaluated at once; bounds the memory.", "frames", minimum=1)},
        "Errors on every split.",
    ),
    tables={
        "errors": Table(
            "Errors of a training on one split.",
            TRAINING
            | {
                "split": text("frames the errors are over: train, val, train_clean or a test split"),
                "energy_rmse_eV_per_atom": real("root mean square energy error per atom; blank: the split has no energies", "eV/atom", optional=True),
                "forces_rmse_eV_per_A": real("root mean square error of the force components; blank: no forces", "eV/A", optional=True),
                "energy_mae_eV_per_atom": real("mean absolute energy error per atom", "eV/atom", optional=True),
                "forces_mae_eV_per_A": real("mean absolute error of the force components", "eV/A", optional=True),
                "n_frames": whole("frames of the split", "frames", optional=True),
                "n_components": whole("force components of the split with labels", optional=True),
                "stress_rmse_eV_per_A3": real("root mean square error of the nine stress components; blank: no stresses", "eV/A^3", optional=True),
                "stress_mae_eV_per_A3": real("mean absolute error of the nine stress components", "eV/A^3", optional=True),
            },
        )
    },
)


def splits(_: dict[str, Any], every: list[str]) -> list[str]:
    """All splits."""
    return every


def cost(_: dict[str, Any], n_frames: int) -> int:
    """One evaluation per frame."""
    return n_frames


def frames_at_once(options: dict[str, Any]) -> int:
    """The frames of a batch."""
    return options["frames_per_batch"]


def measure(job: "Job") -> "Rows":
    """One row per split; infinite errors where a prediction is not finite, blanks where the frames have no label."""
    from nnip.potentials.evaluation import errors

    rows = []
    for split in job.files:
        batches = job.batches(split)
        rows.append({"split": split.removeprefix("test_")} | vars(errors(batches, of_stress=True)))
        # a batch that exceeded memory once is not tried again
        job.options = job.options | {"frames_per_batch": batches.frames_per_batch}
    job.notes["frames_per_batch"] = job.options["frames_per_batch"]
    return {"errors": rows}
