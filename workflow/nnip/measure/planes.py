"""The loss over a plane in weight space around the models that the config names; the first two directions of a landscape span the plane."""

from typing import TYPE_CHECKING, Any

from nnip.declare import REQUIRED, TRAINED, Measurement, Table, block, choice, integer, many, number, real, text, word

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows
    from nnip.study.runs import Run

MEASUREMENT = Measurement(
    begun="Scan a plane of the loss landscape of",
    compiles=True,
    options=block(
        {
            "models": many(REQUIRED, "Models of the model table.", {"type": "string"}),
            "mode": choice("isotropic", "The two directions are the first two of landscapes of this mode.", ["isotropic", "paper"]),
            "split": word("train", "Frames the loss is taken over: train, val or test_<name>."),
            "n_points": integer(41, "Points along each direction.", minimum=3),
            "distance": number(2.0, "Sides of the plane; 2 means from -1 to 1.", "norms of the weights", exclusiveMinimum=0),
            "n_frames": integer(100, "Largest number of frames of the split.", "frames", minimum=1),
            "energy_weights": many(
                [0.0, 0.2, 0.5, 0.8, 1.0],
                "Weights w of the energy in the losses drawn, w E/T_E + (1 - w) F/T_F with the temperatures of `entropy`; no job depends on them.",
                {"type": "number", "minimum": 0, "maximum": 1},
            ),
        },
        "The loss over a plane in weight space, for the first of `seeds` (table and figure planes); null = none.",
        default=None,
    ),
    tables={
        "planes": Table(
            "The loss at one point of a plane.",
            TRAINED
            | {
                "mode": text("isotropic or paper"),
                "split": text("frames the loss is over"),
                "t1": real("displacement along the first direction", "norms of the weights"),
                "t2": real("displacement along the second direction", "norms of the weights"),
                "energy_rmse_eV_per_atom": real("root mean square energy error per atom; blank: no energies", "eV/atom", optional=True),
                "forces_rmse_eV_per_A": real("root mean square error of the force components; blank: no forces", "eV/A", optional=True),
            },
        )
    },
)
PLANE = ("mode", "split", "n_points", "distance", "n_frames")


def variants(config: dict[str, Any], run: "Run") -> dict[str, dict[str, Any]]:
    """One plane per model of the block, for the first seed."""
    planes = config["planes"]
    if run.model not in planes["models"] or run.seed != config["seeds"][0]:
        return {}
    return {"": {name: planes[name] for name in PLANE} | {"frames_per_batch": config["landscape"]["frames_per_batch"]}}


def splits(options: dict[str, Any], _: list[str]) -> list[str]:
    """The split of the loss."""
    return [options["split"]]


def cost(options: dict[str, Any], n_frames: int) -> int:
    """One evaluation per frame and point."""
    return options["n_points"] ** 2 * min(n_frames, options["n_frames"])


def frames_at_once(options: dict[str, Any]) -> int:
    """The frames of a batch."""
    return options["frames_per_batch"]


def measure(job: "Job") -> "Rows":
    """Rows of the plane, line by line; the manifest gives the cosine of its directions."""
    from nnip.landscape.directions import cosines, draw_directions
    from nnip.landscape.losses import plane_row, positions
    from nnip.measure.landscape import direction_seeds

    options = job.options
    batches = job.batches(options["split"], options["n_frames"])
    directions = draw_directions(job.potential, options["mode"], direction_seeds(job, options["mode"], 2))
    points = positions(options["mode"], options["n_points"], options["distance"])
    where = {"mode": options["mode"], "split": options["split"]}
    rows: list[dict[str, Any]] = job.progress.state.get("rows", [])
    for index in range(job.progress.done, len(points)):
        rows += [where | row for row in plane_row(batches, directions, points[index], points)]
        job.progress.save_if_due(index + 1, {"rows": rows})
    job.notes |= {"n_frames": len(batches.frames), "frames_per_batch": batches.frames_per_batch, "cosine": float(cosines(directions)[0, 1])}
    return {"planes": rows}
