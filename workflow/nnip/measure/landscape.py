"""Loss landscapes: energy and force RMSE along random lines through the trained weights.

Li et al., arXiv:1712.09913 (2018); Vita & Schwalbe-Koda, Mach. Learn.: Sci. Technol. 4, 035031 (2023). nnip.landscape describes the directions.
In addition to the main landscapes, the loss can be scanned along the same lines over other splits (test_splits) and with frozen parameters (frozen).
"""

import re
from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINED, Measurement, Table, block, integer, many, mapping, number, real, text, whole, word

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows
    from nnip.study.runs import Run

MEASUREMENT = Measurement(
    begun="Scan the loss landscape of",
    compiles=True,
    options=block(
        {
            "modes": many(
                ["isotropic", "paper"],
                "isotropic = Gaussian, filter-normalised, mutually orthogonal directions; paper = the directions of the paper's released code.",
                {"enum": ["isotropic", "paper"]},
            ),
            "split": word("train", "Frames the loss is taken over: train, val or test_<name>."),
            "n_directions": integer(20, "Random directions.", minimum=2),
            "n_points": integer(81, "Points along a direction.", minimum=3),
            "distance": number(0.5, "Length of a line; 0.5 means from -0.25 to 0.25.", "norms of the weights", exclusiveMinimum=0),
            "n_frames": integer(450, "Largest number of frames of the split.", "frames", minimum=1),
            "frames_per_batch": integer(50, "Frames evaluated at once; bounds the memory.", "frames", minimum=1),
            "test_splits": many(
                [],
                "Further splits (such as test_<name>) for the loss along the same lines: rows of another split, figure landscape_splits.",
                {"type": "string"},
                minimum=0,
            ),
            "frozen": mapping(
                {},
                "Further lines with frozen parameters: name -> {framework: regular expression found in their names}; rows with that "
                "name in column frozen, figure frozen.",
                {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string", "minLength": 1}},
                propertyNames={"pattern": "^[A-Za-z0-9][A-Za-z0-9_.+-]*$", "maxLength": 60},
            ),
            "variants": block(
                {
                    "models": many(None, "Models of the model table; null = all.", {"type": "string"}),
                    "modes": many(None, "Of `landscape.modes`; null = all of them.", {"enum": ["isotropic", "paper"]}),
                },
                "Where `test_splits` and `frozen` are measured.",
            ),
        },
        "Loss landscapes around the trained weights.",
    ),
    tables={
        "landscape": Table(
            "The loss at one point of a line.",
            TRAINED
            | {
                "mode": text("how directions are drawn: isotropic or paper"),
                "split": text("frames the loss is over"),
                "frozen": text("frozen parameters, a name of landscape.frozen; blank: all weights are displaced", optional=True),
                "direction": whole("number of the direction; blank if only the mean over directions is known", optional=True),
                "t": real("displacement", "norms of the weights"),
                "energy_rmse_eV_per_atom": real("root mean square energy error per atom; blank: no energies", "eV/atom", optional=True),
                "forces_rmse_eV_per_A": real("root mean square error of the force components; blank: no forces", "eV/A", optional=True),
            },
        ),
        "directions": Table(
            "The cosine between two directions of a landscape.",
            TRAINED
            | {
                "mode": text("isotropic or paper"),
                "split": text("frames the loss is over"),
                "frozen": text("parameters left as they are; blank: all move", optional=True),
                "direction_a": whole("number of a direction"),
                "direction_b": whole("number of the other"),
                "cosine": real("cosine of the angle between them"),
            },
        ),
    },
)
LINE = ("split", "n_directions", "n_points", "distance", "n_frames", "frames_per_batch")


def variants(config: dict[str, Any], run: "Run") -> dict[str, dict[str, Any]]:
    """The main landscape of every mode, and those over other splits and with frozen parameters for the models and modes of landscape.variants.

    A job receives only the options of its own lines, so that further landscapes do not make finished ones again.
    """
    landscape = config["landscape"]
    line = {name: landscape[name] for name in LINE}
    jobs = {mode: line | {"mode": mode} for mode in landscape["modes"]}
    beside = landscape["variants"]
    if beside["models"] is None or run.model in beside["models"]:
        for mode in beside["modes"] or landscape["modes"]:
            jobs |= {
                f"{mode}-{split}": line | {"mode": mode, "split": split, "asked_by": "landscape.test_splits"} for split in landscape["test_splits"]
            }
            for name, patterns in landscape["frozen"].items():
                if run.framework in patterns:
                    frozen = {"name": name, "pattern": patterns[run.framework]}
                    jobs[f"{mode}-frozen-{name}"] = line | {"mode": mode, "frozen": frozen, "asked_by": "landscape.frozen"}
    return jobs


def problems(config: dict[str, Any], splits: list[str]) -> list[str]:
    """Impossible further splits, patterns and modes."""
    from nnip.potentials.frameworks import frameworks
    from nnip.study.schema import nearest

    landscape, wrong = config["landscape"], []
    others = [split for split in splits if split != landscape["split"]]
    for name in landscape["test_splits"]:
        if name not in others:
            wrong.append(f"'landscape.test_splits' has '{name}', but must be other than landscape.split: {nearest(name, others)}")
    for name, patterns in landscape["frozen"].items():
        for framework, pattern in patterns.items():
            if framework not in frameworks():
                wrong.append(f"unknown key 'landscape.frozen.{name}.{framework}': {nearest(framework, frameworks())}")
            try:
                re.compile(pattern)
            except re.error as error:
                wrong.append(f"'landscape.frozen.{name}.{framework}' is '{pattern}', which is not a regular expression: {error}")
    for mode in landscape["variants"]["modes"] or []:
        if mode not in landscape["modes"]:
            wrong.append(f"'landscape.variants.modes' has '{mode}', but landscape.modes has only {', '.join(landscape['modes'])}")
    return wrong


def splits(options: dict[str, Any], _: list[str]) -> list[str]:
    """The split of the loss."""
    return [options["split"]]


def cost(options: dict[str, Any], n_frames: int) -> int:
    """One evaluation per frame, point and line."""
    return options["n_directions"] * options["n_points"] * min(n_frames, options["n_frames"])


def frames_at_once(options: dict[str, Any]) -> int:
    """The frames of a batch."""
    return options["frames_per_batch"]


def measure(job: "Job") -> "Rows":
    """Rows of every line, and the cosines between the directions; checkpoints hold finished lines.

    InputError for more directions than the model's filters allow, and for a pattern that matches no parameter or all.
    """
    from nnip.landscape.directions import cosines, draw_directions
    from nnip.landscape.frozen import frozen_parameters, frozen_weights
    from nnip.landscape.losses import line, positions

    options, potential = job.options, job.potential
    mode, frozen, fixed = options["mode"], options.get("frozen"), None
    seeds = direction_seeds(job, mode, options["n_directions"])
    if frozen:
        job.notes["frozen_parameters"] = frozen_parameters(potential.module, frozen["pattern"])
        fixed = frozen_weights(potential.module, job.notes["frozen_parameters"])
    batches = job.batches(options["split"], options["n_frames"])
    directions = draw_directions(potential, mode, seeds, fixed)
    points = positions(mode, options["n_points"], options["distance"])
    where = {"mode": mode, "split": options["split"], "frozen": frozen["name"] if frozen else None}
    rows: list[dict[str, Any]] = job.progress.state.get("rows", [])
    for index in range(job.progress.done, len(seeds)):
        rows += [where | {"direction": index} | row for row in line(batches, directions[index], points)]
        job.progress.save_if_due(index + 1, {"rows": rows})
    job.notes |= {"n_frames": len(batches.frames), "frames_per_batch": batches.frames_per_batch}
    cosine = cosines(directions).tolist()
    pairs = [where | {"direction_a": a, "direction_b": b, "cosine": cosine[a][b]} for a in range(len(seeds)) for b in range(a + 1, len(seeds))]
    return {"landscape": rows, "directions": pairs}


def direction_seeds(job: "Job", mode: str, n_directions: int) -> list[int]:
    """The seeds of a model's directions: the same for all splits, for frozen parameters and for the plane."""
    model = (job.settings["model"], job.settings["seed"], mode)
    return [job.seed(f"direction {index}", "landscape", *model, index) for index in range(n_directions)]
