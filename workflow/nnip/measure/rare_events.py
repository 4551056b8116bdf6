"""Forces on the atoms that take part in a rare event: how large and how wrong they are, beside the error on plain frames.

The frames are those of test splits whose atoms of the event are marked (column event): snapshots of migrating defects, or displaced images of the
reference's minimum-energy path. Over the marked atoms a, with the force F_a of the model and F'_a of the labels,

    magnitude error   d_a = | |F_a| - |F'_a| |           angle   t_a = arccos(F_a . F'_a / |F_a| |F'_a|), where |F'_a| > 0.1 eV/Å
    magnitude score   mean_a min(d_a / (1 eV/Å), 1)      direction score   mean_a min(t_a / 60°, 1)
    excess            RMSE of their force components over that of all components of the plain frames

Liu, He & Mo, npj Comput. Mater. 9, 174 (2023); the windows are those with which the scores of Liu & Mo (npj Comput. Mater. 10, 2024) come out again.
Labels: forces of the splits. Cost: one pass.
"""

from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINED, Measurement, Quantity, Table, block, integer, many, real, text, whole, word

if TYPE_CHECKING:
    import numpy as np

    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Compare forces on the atoms of rare events of",
    options=block(
        {
            "splits": many(["event"], "Test splits, without test_, whose atoms of an event are marked.", {"type": "string"}),
            "plain": word("val", "The frames of the plain error: train, val or test_<name>."),
            "frames_per_batch": integer(20, "Frames evaluated at once; bounds the memory.", "frames", minimum=1),
        },
        "Errors of forces on the atoms of rare events (tables rare_events and event_forces); null = none, {} = with these defaults.",
        default=None,
    ),
    tables={
        "rare_events": Table(
            "The forces of a training on the atoms of the events of one split, or of all.",
            TRAINED
            | {
                "split": text("name of the test split; all: those of all splits named in the config"),
                "n_frames": whole("its frames with such atoms", "frames"),
                "n_atoms": whole("the atoms", "atoms"),
                "event_forces_rmse_eV_per_A": real("root mean square error of their force components", "eV/A", optional=True),
                "plain_forces_rmse_eV_per_A": real("the same over all atoms of the plain frames", "eV/A", optional=True),
                "excess": real("the first over the second", optional=True),
                "magnitude_error_eV_per_A": real("mean error of |F|", "eV/A", optional=True),
                "angle_deg": real("mean angle between F and its reference where that is above 0.1 eV/A", "degrees", optional=True),
                "magnitude_score": real("mean error of |F|, at most 1 eV/A each, over 1 eV/A", optional=True),
                "magnitude_score_error": real("its standard error over frames", optional=True),
                "direction_score": real("mean angle, at most 60 degrees each, over 60 degrees", optional=True),
                "direction_score_error": real("its standard error over frames", optional=True),
                "share_above_half_eV_per_A": real("share of the atoms whose |F| errs by more than 0.5 eV/A", optional=True),
                "share_above_15_deg": real("share with an angle above 15 degrees", optional=True),
                "share_above_30_deg": real("share with an angle above 30 degrees", optional=True),
                "reason": text("why values are blank", optional=True),
                "n_passes": whole("evaluations; row all: of the plain frames too", optional=True),
                "wall_s": real("wall time", "s"),
            },
        ),
        "event_forces": Table(
            "An atom of an event.",
            TRAINED
            | {
                "split": text("name of the test split"),
                "frame": whole("number of the frame in its split, from 0"),
                "atom": whole("number of the atom, from 0"),
                "reference_eV_per_A": real("size of its labelled force", "eV/A"),
                "magnitude_error_eV_per_A": real("error of the size", "eV/A"),
                "angle_deg": real("angle between both forces; blank where the labelled one is below 0.1 eV/A", "degrees", optional=True),
            },
        ),
    },
    quantities=(
        Quantity(
            name="event_forces_rmse", table="rare_events", column="event_forces_rmse_eV_per_A", where={"split": "all"},
            label="force RMSE on event atoms", unit="meV/Å", factor=1e3, log=True, role="predictor", better=-1, parts=("test_forces_rmse_all",),
        ),
        Quantity(
            name="plain_forces_rmse", table="rare_events", column="plain_forces_rmse_eV_per_A", where={"split": "all"},
            label="plain force RMSE", unit="meV/Å", factor=1e3, log=True, role="predictor", better=-1, baseline=True,
            parts=("test_forces_rmse_all",),
        ),
        Quantity(
            name="event_excess", table="rare_events", column="excess", where={"split": "all"},
            label="force RMSE on event atoms over plain", log=True, role="predictor", better=-1,
        ),
        Quantity(
            name="event_magnitude_score", table="rare_events", column="magnitude_score", where={"split": "all"},
            label="score of force magnitudes on event atoms", role="predictor", better=-1, parts=("test_forces_rmse_all",),
        ),
        Quantity(
            name="event_direction_score", table="rare_events", column="direction_score", where={"split": "all"},
            label="score of force directions on event atoms", role="predictor", better=-1, parts=("test_forces_rmse_all",),
        ),
    ),
)  # fmt: skip
UNMARKED = {"silicon-re": ("plain", "validation")}  # splits of sources that have no marks


def problems(config: dict[str, Any], splits: list[str]) -> list[str]:
    """Splits that are none or have no marks."""
    from nnip.study.schema import nearest

    options, source, wrong = config["rare_events"], config["datasets"][config["dataset"]]["source"], []
    tests = [split.removeprefix("test_") for split in splits if split.startswith("test_")]
    for split in options["splits"]:
        if split not in tests:
            more = "; source emt makes the split 'event' where n_event is not 0" if source == "emt" and split == "event" else ""
            wrong.append(f"'rare_events.splits' has '{split}', which is no test split: {nearest(split, tests)}{more}")
        elif split in UNMARKED.get(source, ()):
            wrong.append(f"'rare_events.splits' has '{split}', in whose frames no atom of an event is marked")
    if options["plain"] not in splits:
        wrong.append(f"'rare_events.plain' is '{options['plain']}': {nearest(options['plain'], splits)}")
    elif options["plain"].removeprefix("test_") in options["splits"]:
        wrong.append(f"'rare_events.plain' is '{options['plain']}', one of the splits with events: it should be frames without")
    return wrong


def splits(options: dict[str, Any], _: list[str]) -> list[str]:
    """The splits with events, and the plain one."""
    return [*(f"test_{split}" for split in options["splits"]), options["plain"]]


def cost(_: dict[str, Any], n_frames: int) -> int:
    """One evaluation per frame."""
    return n_frames


def frames_at_once(options: dict[str, Any]) -> int:
    """The frames of a batch."""
    return options["frames_per_batch"]


def measure(job: "Job") -> "Rows":
    """One row per split and one for all of them; one row per atom. InputError for a split without a marked atom."""
    import numpy as np

    from nnip.data import EVENT
    from nnip.jobs.errors import InputError
    from nnip.potentials.evaluation import errors, predicted_forces
    from nnip.study.manifest import Stopwatch

    rows: dict[str, list[dict[str, Any]]] = {"rare_events": [], "event_forces": []}
    whole, watch = Stopwatch(), Stopwatch()
    plain, n_passes = errors(job.batches(job.options["plain"])), len(job.frames(job.options["plain"]))
    if plain.forces_rmse_eV_per_A is None:
        raise InputError(f"'rare_events.plain' is '{job.options['plain']}', whose frames have no forces")
    ours: list[np.ndarray] = []
    true: list[np.ndarray] = []
    for split in job.options["splits"]:
        batches = job.batches(f"test_{split}")
        marked = [np.flatnonzero(frame.arrays.get(EVENT, np.zeros(len(frame)))) for frame in batches.frames]
        if not any(len(atoms) for atoms in marked):
            raise InputError(f"'rare_events.splits' has '{split}', but no atom of an event is marked in its frames (column {EVENT})")
        forces = predicted_forces(batches)
        own = [each[atoms] for each, atoms in zip(forces, marked, strict=True)]
        labels = [frame.get_forces()[atoms] for frame, atoms in zip(batches.frames, marked, strict=True)]
        row = {"split": split, "n_passes": len(forces)} | _row(own, labels, plain.forces_rmse_eV_per_A)
        rows["rare_events"].append(row | {"wall_s": watch.wall_s})
        for number, (atoms, predicted, reference) in enumerate(zip(marked, own, labels, strict=True)):
            if np.isfinite(predicted).all():
                rows["event_forces"] += [
                    {"split": split, "frame": number, "atom": int(a)} | each for a, each in zip(atoms, _atoms(predicted, reference), strict=True)
                ]
        ours, true, n_passes, watch = [*ours, *own], [*true, *labels], n_passes + len(forces), Stopwatch()
    rows["rare_events"].append({"split": "all"} | _row(ours, true, plain.forces_rmse_eV_per_A) | {"n_passes": n_passes, "wall_s": whole.wall_s})
    return rows


def _atoms(predicted: "np.ndarray", reference: "np.ndarray") -> list[dict[str, Any]]:
    """Columns of table event_forces for atoms with forces [n, 3] in eV/Å."""
    import numpy as np

    from nnip.surface.force_scores import SMALLEST_FORCE_EV_PER_A, angles_deg

    sizes = np.linalg.norm(reference, axis=1)
    wrong = np.abs(np.linalg.norm(predicted, axis=1) - sizes)
    angles = angles_deg(predicted, reference)
    return [
        {"reference_eV_per_A": float(size), "magnitude_error_eV_per_A": float(error)}
        | {"angle_deg": float(angle) if size > SMALLEST_FORCE_EV_PER_A else None}
        for size, error, angle in zip(sizes, wrong, angles, strict=True)
    ]


def _row(predicted: "list[np.ndarray]", reference: "list[np.ndarray]", plain: float) -> dict[str, Any]:
    """Columns of table rare_events from the forces [n_marked, 3] of each frame."""
    import numpy as np

    from nnip.surface.force_scores import force_scores

    kept = [place for place, forces in enumerate(reference) if len(forces)]
    ours, true = [predicted[place] for place in kept], [reference[place] for place in kept]
    row: dict[str, Any] = {"n_frames": len(kept), "n_atoms": sum(map(len, true))}
    if not (np.isfinite(plain) and all(np.isfinite(forces).all() for forces in ours)):
        return row | {"reason": "a predicted force is not finite"}
    rmse = float(np.sqrt(np.mean((np.concatenate(ours) - np.concatenate(true)) ** 2)))
    atoms = [each for pair in zip(ours, true, strict=True) for each in _atoms(*pair)]
    wrong = np.array([each["magnitude_error_eV_per_A"] for each in atoms])
    angles = np.array([each["angle_deg"] for each in atoms if each["angle_deg"] is not None])
    scores = force_scores(ours, true)
    row |= {"event_forces_rmse_eV_per_A": rmse, "plain_forces_rmse_eV_per_A": plain, "excess": rmse / plain if plain > 0 else None}
    row |= {"magnitude_error_eV_per_A": float(wrong.mean()), "share_above_half_eV_per_A": float((wrong > 0.5).mean())}
    if len(angles):
        row |= {"angle_deg": float(angles.mean())} | {f"share_above_{limit}_deg": float((angles > limit).mean()) for limit in (15, 30)}
    return row | {name: value for name, value in scores.items() if name.startswith(("magnitude", "direction"))}
