"""Forces on the labelled test frames: softening, and errors of magnitude and direction as bounded scores.

Over all atoms a (force F_a, reference F'_a) of a test split:

    softening slope   sum_a F_a . F'_a / sum_a |F'_a|^2            below 1: a softened surface (Deng et al., npj Comput. Mater. 11, 9, 2025)
    magnitude score   mean_a min(| |F_a| - |F'_a| | / (1 eV/Å), 1)
    direction score   mean_a min(angle(F_a, F'_a) / 60°, 1)         over atoms with |F'_a| > 0.1 eV/Å

The scores are 0 for perfect forces and 1 for useless ones; the windows are those with which the numbers of Liu & Mo (npj Comput. Mater. 10, 2024,
doi 10.1038/s41524-024-01333-3; scores of Liu, He & Mo, npj Comput. Mater. 9, 174, 2023) come out again. Labels: the test splits'. Cost: one pass.
"""

from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINED, Measurement, Quantity, Table, block, flag, integer, real, text, whole

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Score the forces on the test frames of",
    options=block(
        {
            "frames_per_batch": integer(50, "Frames evaluated at once; bounds the memory.", "frames", minimum=1),
            "kept_frames": integer(
                None,
                "First frames of the hottest test split whose predicted forces are kept (table hot_forces), for the spread over seeds; null = none.",
                "frames",
                minimum=1,
            ),
        },
        "Softening slope, and scores of the forces' magnitudes and directions on the test splits (table hot_frames); null = none, {} = with these "
        "defaults.",
        default=None,
    ),
    tables={
        "hot_frames": Table(
            "The forces of a training on one test split.",
            TRAINED
            | {
                "split": text("name of the test split"),
                "hottest": flag("whether it is the one of the highest temperature in its name; where no name has one, the last"),
                "n_frames": whole("its frames", "frames"),
                "softening_slope": real("slope of predicted against reference force components through the origin", optional=True),
                "softening_slope_error": real("its standard error over frames", optional=True),
                "magnitude_score": real("mean error of |F|, at most 1 eV/A each, over 1 eV/A", optional=True),
                "magnitude_score_error": real("its standard error over frames", optional=True),
                "direction_score": real("mean angle between F and its reference, at most 60 degrees each, over 60 degrees", optional=True),
                "direction_score_error": real("its standard error over frames", optional=True),
                "reason": text("why values are blank", optional=True),
                "n_passes": whole("frames whose energies and forces were computed", "frames"),
                "wall_s": real("wall time", "s"),
            },
        ),
        "hot_forces": Table(
            "An atom of a kept frame of the hottest test split.",
            TRAINED
            | {
                "split": text("name of the test split"),
                "frame": whole("number of the frame in its split, from 0"),
                "atom": whole("number of the atom, from 0"),
                "x_eV_per_A": real("its predicted force", "eV/A"),
                "y_eV_per_A": real("its predicted force", "eV/A"),
                "z_eV_per_A": real("its predicted force", "eV/A"),
                "x_reference_eV_per_A": real("its labelled force", "eV/A"),
                "y_reference_eV_per_A": real("its labelled force", "eV/A"),
                "z_reference_eV_per_A": real("its labelled force", "eV/A"),
            },
            when="kept_frames",
        ),
    },
    quantities=(
        Quantity(
            name="softening_slope",
            table="hot_frames",
            column="softening_slope",
            where={"hottest": True},
            label="softening slope, hottest test frames",
            role="predictor",
            better=1,
            parts=("test_forces_rmse_hottest", "test_forces_rmse_all", "extrapolation_slope"),
        ),
        Quantity(
            name="magnitude_score",
            table="hot_frames",
            column="magnitude_score",
            where={"hottest": True},
            label="score of force magnitudes, hottest test frames",
            role="predictor",
            better=-1,
            parts=("test_forces_rmse_hottest", "test_forces_rmse_all", "extrapolation_slope"),
        ),
        Quantity(
            name="direction_score",
            table="hot_frames",
            column="direction_score",
            where={"hottest": True},
            label="score of force directions, hottest test frames",
            role="predictor",
            better=-1,
            parts=("test_forces_rmse_hottest", "test_forces_rmse_all", "extrapolation_slope"),
        ),
    ),
)


def problems(_: dict[str, Any], splits: list[str]) -> list[str]:
    """No test split."""
    return [] if any(split.startswith("test_") for split in splits) else ["'hot_frames' reads test splits, but the data set has none: set it to null"]


def splits(_: dict[str, Any], every: list[str]) -> list[str]:
    """The test splits."""
    return [split for split in every if split.startswith("test_")]


def cost(_: dict[str, Any], n_frames: int) -> int:
    """One evaluation per frame."""
    return n_frames


def frames_at_once(options: dict[str, Any]) -> int:
    """The frames of a batch."""
    return options["frames_per_batch"]


def measure(job: "Job") -> "Rows":
    """One row per test split; the kept forces of the hottest."""
    import numpy as np

    from nnip.data import hottest
    from nnip.potentials.evaluation import predicted_forces
    from nnip.study.manifest import Stopwatch
    from nnip.surface.force_scores import force_scores

    rows: dict[str, list[dict[str, Any]]] = {"hot_frames": [], "hot_forces": []}
    for split in job.files:
        watch, batches, is_hottest = Stopwatch(), job.batches(split), split == hottest(list(job.files))
        forces = predicted_forces(batches)
        finite = all(np.isfinite(of_frame).all() for of_frame in forces)
        references = [frame.get_forces() for frame in batches.frames]
        row: dict[str, Any] = {"split": split.removeprefix("test_"), "hottest": is_hottest, "n_frames": len(forces), "n_passes": len(forces)}
        row |= force_scores(forces, references) if finite else {"reason": "a predicted force is not finite"}
        rows["hot_frames"].append(row | {"wall_s": watch.wall_s})
        if is_hottest and finite:
            rows["hot_forces"] = _kept(row["split"], forces, references, job.options["kept_frames"] or 0)
        # a batch that exceeded memory once is not tried again
        job.options = job.options | {"frames_per_batch": batches.frames_per_batch}
    job.notes["frames_per_batch"] = job.options["frames_per_batch"]
    return rows


def _kept(split: str, forces: list[Any], references: list[Any], n_frames: int) -> list[dict[str, Any]]:
    """Rows of table hot_forces of the first frames."""
    names = [f"{axis}{kind}_eV_per_A" for kind in ("", "_reference") for axis in "xyz"]
    return [
        {"split": split, "frame": frame, "atom": atom} | dict(zip(names, [*ours.tolist(), *true.tolist()], strict=True))
        for frame in range(min(n_frames, len(forces)))
        for atom, (ours, true) in enumerate(zip(forces[frame], references[frame], strict=True))
    ]
