"""Hot MD of each molecule of the test frames, seen or unseen: how long replicas live that start from its own lowest frame.

The start of a molecule is the frame of lowest labelled energy in the test split of the lowest temperature, the same for all models. Dynamics and
failures are those of the measurement md. The life is the mean of the times to failure, those of survivors being the duration.
"""

import math
from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINED, Measurement, Table, block, integer, number, real, text, whole

if TYPE_CHECKING:
    from ase import Atoms

    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Run hot MD of each molecule of",
    options=block(
        {
            "n_replicas": integer(3, "Replicas of each molecule, at md.temperature_K.", minimum=1),
            "duration_fs": number(1000, "Length of the MD.", "fs", exclusiveMinimum=0),
        },
        "Hot MD of every molecule of the coolest test frames (table molecule_md); null = none, {} = with these defaults.",
        default=None,
    ),
    tables={
        "molecule_md": Table(
            "The replicas of one molecule with a training's model.",
            TRAINED
            | {
                "molecule": text("its name, or the formula of frames without one"),
                "cell": text("seen, unseen, larger, or not drawn, as in table cell_errors"),
                "start": text("frame that its replicas start from"),
                "n_replicas": whole("replicas"),
                "n_failed": whole("those that failed", optional=True),
                "life_fs": real("mean time to failure, at most the duration of the MD", "fs", optional=True),
                "reason": text("why there was no MD", optional=True),
                "n_passes": whole("frames whose energies and forces were computed", "frames"),
                "wall_s": real("wall time", "s"),
            },
        )
    },
)
MD = ("temperature_K", "timestep_fs", "tau_fs", "initial_velocities")
SUPPOSED_MOLECULES = 20


def problems(config: dict[str, Any], splits: list[str]) -> list[str]:
    """No test split, and an MD shorter than a step."""
    found = [] if any(split.startswith("test_") for split in splits) else ["'molecule_md' reads a test split, but the data set has none"]
    own, step = config["molecule_md"]["duration_fs"], config["md"]["timestep_fs"]
    return found + ([f"'molecule_md.duration_fs' is {own}, but must not be smaller than md.timestep_fs ({step})"] if own < step else [])


def variants(config: dict[str, Any], _: Any) -> dict[str, dict[str, Any]]:
    """One job, with the MD's options and the kinds of molecules."""
    from nnip.measure.start import md_options

    block = config.get("datasets", {}).get(config.get("dataset"), {})
    several = isinstance(block.get("smiles"), dict)
    kinds = {"only_tested": list(block.get("test_smiles") or []), "larger": (config.get("molecule_errors") or {"larger": []})["larger"]}
    number = len(block["smiles"] | block["test_smiles"]) if several else SUPPOSED_MOLECULES
    return {"": config["molecule_md"] | md_options(config, *MD) | kinds | {"n_molecules": number}}


def splits(_: dict[str, Any], every: list[str]) -> list[str]:
    """The training frames, for their molecules, and the coolest test split."""
    from nnip.data import coolest

    return ["train", *filter(None, [coolest(every)])]


def cost(options: dict[str, Any], _: int) -> int:
    """At most: every replica, and the spare one of a batch, of every molecule, at the start and at every step."""
    steps = math.ceil(options["duration_fs"] / options["timestep_fs"] - 1e-9)
    return options["n_molecules"] * (options["n_replicas"] + 1) * (steps + 1)


def frames_at_once(options: dict[str, Any]) -> int:
    """All replicas of a molecule and the spare one."""
    return options["n_replicas"] + 1


def measure(job: "Job") -> "Rows":
    """One row per molecule; checkpoints hold finished molecules."""
    import torch

    from nnip.measure.molecule_errors import cell_of
    from nnip.surface.residuals import Residuals

    if job.potential.device.type == "cpu":
        torch.set_num_threads(1)  # with several a replica's rounding depends on the others
    seen = set(Residuals(job.frames("train"), None, None).molecules)
    (split,) = (name for name in job.files if name != "train")
    starts: dict[str, Atoms] = {}
    tested = job.frames(split)
    for name, frame in zip(Residuals(tested, None, None).molecules, tested, strict=True):
        if name not in starts or frame.get_potential_energy() < starts[name].get_potential_energy():
            starts[name] = frame
    rows: list[dict[str, Any]] = job.progress.state.get("rows", [])
    for name, start in list(starts.items())[len(rows) :]:
        row = {"molecule": name, "cell": cell_of(name, seen, job.options), "start": start.info.get("origin", str(start.symbols))}
        rows.append(row | _life(job, name, start))
        job.progress.save_if_due(len(rows), {"rows": rows})
    return {"molecule_md": rows}


def _life(job: "Job", name: str, start: "Atoms") -> dict[str, Any]:
    """The rest of a row."""
    from nnip.data.start import bare
    from nnip.jobs.errors import InputError
    from nnip.md.simulation import simulate
    from nnip.md.start import check_start
    from nnip.md.velocities import initial_momenta
    from nnip.study.manifest import Stopwatch

    watch, options, frame = Stopwatch(), job.options, bare(start)
    row: dict[str, Any] = {"n_replicas": options["n_replicas"]}
    try:
        check_start(frame, options["max_bond_A"], options["min_distance_A"])
    except InputError as error:
        return row | {"reason": str(error), "n_passes": 0, "wall_s": watch.wall_s}
    model = (job.settings["model"], job.settings["seed"])
    seeds = [job.seed(f"{name} {replica}", "molecule_md", *model, name, replica) for replica in range(options["n_replicas"])]
    result = simulate(
        job.potential,
        frame,
        initial_momenta(frame, options["initial_velocities"], options["temperature_K"], seeds),
        **{key: options[key] for key in ("temperature_K", "timestep_fs", "tau_fs", "duration_fs", "max_bond_A", "min_distance_A")},
    )
    times = [ending.time_fs for ending in result.endings]
    row |= {"n_failed": sum(ending.failed for ending in result.endings), "life_fs": sum(times) / len(times)}
    return row | {"n_passes": result.n_evaluated(options["timestep_fs"]), "wall_s": watch.wall_s}
