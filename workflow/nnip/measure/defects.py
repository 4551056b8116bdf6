"""Point defects by the model: formation energies, relaxed structures and the barrier of a vacancy's hop, beside those of the reference.

In the perfect crystal's cell of N sites, with n atoms and energy E of the relaxed defect,

    formation energy   E - n / N E_bulk
    geometry error     sqrt(sum over neighbours i, j of |r_ij - r'_ij|^2), r_ij the vector between them, r' the reference's relaxed structure
    barrier            highest energy along the minimum-energy path less that of its beginning; frozen: the model's energies at the reference's images

The cell is the reference's. A search begins at the reference's minimum, each atom displaced by about 0.01 Å; paths are climbing-image nudged
elastic bands. A defect that does not converge, closes, goes to another site or melts has a reason instead of numbers.
Ortner & Wang, Multiscale Model. Simul. 21, 1053 (2023), on what such errors depend on. Needs the reference's engine: data of source emt.
"""

from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINED, Measurement, Quantity, Table, block, integer, many, number, real, text, whole

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Relax defects and find the barrier of a vacancy of",
    options=block(
        {
            "repeats": integer(4, "Cubic cells along each direction; 4 is 256 sites in 16 Å.", minimum=2, maximum=8),
            "kinds": many(["vacancy", "dumbbell"], "Defects.", {"enum": ["vacancy", "dumbbell"]}),
            "n_images": integer(5, "Images between the ends of the path.", minimum=1),
            "fmax_eV_per_A": number(0.005, "Largest force on an atom of a relaxed structure.", "eV/Å", exclusiveMinimum=0),
            "path_fmax_eV_per_A": number(0.01, "Largest force across the path.", "eV/Å", exclusiveMinimum=0),
            "n_steps": integer(300, "Steps after which a search counts as not converged.", minimum=1),
            "frames_per_batch": integer(8, "Images evaluated at once; bounds the memory.", "frames", minimum=1),
        },
        "Formation energies, structures and the barrier of point defects, for data of source emt (tables defects, barriers and barrier_profiles); "
        "null = none, {} = with these defaults.",
        default=None,
    ),
    tables={
        "defects": Table(
            "A defect by a training.",
            TRAINED
            | {
                "defect": text("vacancy or dumbbell"),
                "n_sites": whole("sites of the perfect crystal", "sites"),
                "formation_energy_eV": real("by the model", "eV", optional=True),
                "reference_eV": real("by the reference", "eV"),
                "error_eV": real("size of the difference", "eV", optional=True),
                "geometry_error_A": real("root of the summed squares of the errors of the vectors between neighbours", "A", optional=True),
                "reason": text("why values are blank", optional=True),
                "n_passes": whole("frames whose energies and forces were computed", "frames"),
                "wall_s": real("wall time", "s"),
            },
        ),
        "barriers": Table(
            "The barrier of a vacancy's hop by a training.",
            TRAINED
            | {
                "n_sites": whole("sites of the perfect crystal", "sites"),
                "barrier_eV": real("along the model's own path", "eV", optional=True),
                "reference_eV": real("by the reference", "eV"),
                "error_eV": real("size of the difference", "eV", optional=True),
                "frozen_barrier_eV": real("the model's energies at the reference's images", "eV", optional=True),
                "frozen_error_eV": real("size of its difference from the reference", "eV", optional=True),
                "reason": text("why values of the own path are blank", optional=True),
                "n_passes": whole("frames whose energies and forces were computed", "frames"),
                "wall_s": real("wall time", "s"),
            },
        ),
        "barrier_profiles": Table(
            "An image of a path of a vacancy's hop.",
            TRAINED
            | {
                "path": text("own: the model's path; frozen: the model at the reference's images; reference"),
                "image": whole("number of the image, from 0"),
                "progress": real("its place on the path, from 0 to 1 in equal steps"),
                "energy_eV": real("its energy less that of the first image", "eV"),
            },
        ),
    },
    quantities=(
        Quantity(
            name="vacancy_energy_error", table="defects", column="error_eV", where={"defect": "vacancy"},
            label="error of the vacancy's formation energy", unit="meV", factor=1e3, log=True, role="outcome", better=-1, judged=True,
        ),
        Quantity(
            name="dumbbell_energy_error", table="defects", column="error_eV", where={"defect": "dumbbell"},
            label="error of the dumbbell's formation energy", unit="meV", factor=1e3, log=True, role="outcome", better=-1, judged=True,
        ),
        Quantity(
            name="vacancy_geometry_error", table="defects", column="geometry_error_A", where={"defect": "vacancy"},
            label="error of the vacancy's geometry", unit="Å", log=True, role="outcome", better=-1, judged=True,
        ),
        Quantity(
            name="barrier_error", table="barriers", column="error_eV", label="error of the vacancy's barrier", unit="meV", factor=1e3, log=True,
            role="outcome", better=-1, judged=True,
        ),
        Quantity(
            name="frozen_barrier_error", table="barriers", column="frozen_error_eV", label="error of the barrier at frozen images", unit="meV",
            factor=1e3, log=True, role="both", better=-1,
        ),
    ),
)  # fmt: skip
BOND = 1.2  # of the distance of neighbours


def problems(config: dict[str, Any], _: list[str]) -> list[str]:
    """Data whose engine is not at hand."""
    from nnip.measure.reference_crystal import engine_problem

    return engine_problem("defects", config)


def splits(_: dict[str, Any], __: list[str]) -> list[str]:
    """The reference's structures alone."""
    return ["reference_crystal"]


def cost(options: dict[str, Any], _: int) -> int:
    """At most: the crystal, a relaxation of each defect and of both ends of the path, and the path; each frame counts as several smaller ones."""
    from nnip.measure.reference_crystal import size

    relaxations = (len(options["kinds"]) + 2) * (options["n_steps"] + 2)
    path = (options["n_images"] + 2) * (options["n_steps"] + 3)
    return size(options["repeats"]) * (1 + relaxations + path)


def frames_at_once(options: dict[str, Any]) -> int:
    """The images of a batch."""
    return options["frames_per_batch"]


def measure(job: "Job") -> "Rows":
    """One row per defect, one for the barrier, one per image; checkpoints hold the rows that are done."""
    import torch

    from nnip.crystal.cells import thickness_A
    from nnip.measure.reference_crystal import of_part

    if job.potential.device.type == "cpu":
        torch.set_num_threads(1)
    frames = of_part(job, "defects")
    seeds = {use: job.seed(use, "defects", job.settings["model"], job.settings["seed"], use) for use in (*job.options["kinds"], "first", "last")}
    bulk, path = frames["bulk"][0], frames["path"]
    rows: dict[str, list[dict[str, Any]]] = job.progress.state.get("rows") or {"defects": [], "barriers": [], "barrier_profiles": []}
    thin = None
    if (thickness := thickness_A(bulk)) < job.potential.cutoff_A:
        thin = f"the cell is {thickness:.1f} A thick, less than the cutoff of {job.potential.cutoff_A:g} A: the defect meets its own image"
    for kind in job.options["kinds"][len(rows["defects"]) :]:
        rows["defects"].append(_defect(job, bulk, frames[kind][0], kind, seeds[kind], thin))
        job.progress.save_if_due(len(rows["defects"]), {"rows": rows})
    row, profile = _barrier(job, bulk, path, seeds, thin)
    return rows | {"barriers": [row], "barrier_profiles": profile}


def _defect(job: "Job", bulk: Any, reference: Any, kind: str, seed: int, thin: str | None) -> dict[str, Any]:
    """A row of table defects."""
    import numpy as np

    from nnip.crystal.paths import relaxed
    from nnip.crystal.sites import CHECKS, Sites
    from nnip.study.manifest import Stopwatch
    from nnip.surface.copies import Copies

    watch, share = Stopwatch(), len(reference) / len(bulk)
    true = float(reference.get_potential_energy() - share * bulk.get_potential_energy())
    row: dict[str, Any] = {"defect": kind, "n_sites": len(bulk), "reference_eV": true}
    crystal, engine = Copies(job.potential, bulk, 1), Copies(job.potential, reference, 1)
    if thin is None:
        positions, why = relaxed(engine, reference.positions, job.options["fmax_eV_per_A"], job.options["n_steps"], seed)
        why = why or CHECKS[kind](Sites(bulk), positions)
    if (reason := thin or why) is None:
        energies = [float(each.energies_forces(place[None])[0][0]) for each, place in ((engine, positions), (crystal, bulk.positions))]
        formation = energies[0] - share * energies[1]
        row |= {"formation_energy_eV": formation, "error_eV": abs(formation - true)}
        row |= {"geometry_error_A": geometry_error_A(reference, positions)} if np.isfinite(formation) else {}
    return row | {"reason": reason, "n_passes": engine.n_passes + crystal.n_passes, "wall_s": watch.wall_s}


def geometry_error_A(reference: Any, positions_A: Any) -> float:
    """sqrt(sum_ij |r_ij - r'_ij|^2) in Å over the neighbours i, j of a reference frame, each pair once."""
    import numpy as np
    from ase.neighborlist import neighbor_list

    from nnip.crystal.cells import NEIGHBOUR_A

    i, j, apart, shifts = neighbor_list("ijDS", reference, BOND * NEIGHBOUR_A)
    ours = positions_A[j] - positions_A[i] + shifts @ reference.cell.array
    return float(np.sqrt(((ours - apart) ** 2).sum() / 2))


def _barrier(job: "Job", bulk: Any, path: list[Any], seeds: dict[str, int], thin: str | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The row of table barriers, and rows of table barrier_profiles."""
    import numpy as np

    from nnip.crystal.paths import minimum_energy_path, relaxed
    from nnip.crystal.sites import Sites, not_vacancy
    from nnip.study.manifest import Stopwatch
    from nnip.surface.copies import Copies

    watch, options, sites = Stopwatch(), job.options, Sites(bulk)
    energies = {"reference": np.array([image.get_potential_energy() for image in path])}
    row: dict[str, Any] = {"n_sites": len(bulk), "reference_eV": float(energies["reference"].max() - energies["reference"][0])}
    engine, why = Copies(job.potential, path[0], options["frames_per_batch"]), thin
    if thin is None:
        frozen, _ = engine.energies_forces(np.array([image.positions for image in path]))
        if np.isfinite(frozen).all():
            energies["frozen"] = frozen
            row |= {"frozen_barrier_eV": float(frozen.max() - frozen[0])}
            row["frozen_error_eV"] = abs(row["frozen_barrier_eV"] - row["reference_eV"])
        ends = []
        for place, image in (("first", path[0]), ("last", path[-1])):
            positions, failed = relaxed(engine, image.positions, options["fmax_eV_per_A"], options["n_steps"], seeds[place])
            failed = failed or not_vacancy(sites, positions, sites.empty(image.positions) or 0)
            why = why or (f"the {place} end is no minimum with one vacancy: {failed}" if failed else None)
            ends.append(positions)
        if why is None:
            _, own, why = minimum_energy_path(engine, ends[0], ends[1], options["n_images"], options["path_fmax_eV_per_A"], options["n_steps"])
            if why is None:
                energies["own"] = own
                row |= {"barrier_eV": float(own.max() - own[0])}
                row["error_eV"] = abs(row["barrier_eV"] - row["reference_eV"])
    profile = [
        {"path": name, "image": image, "progress": image / (len(each) - 1), "energy_eV": float(energy)}
        for name, each in energies.items()
        for image, energy in enumerate(each - each[0])
    ]
    return row | {"reason": why, "n_passes": engine.n_passes, "wall_s": watch.wall_s}, profile
