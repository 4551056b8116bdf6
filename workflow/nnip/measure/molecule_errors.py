"""Errors molecule by molecule: on molecules and conditions that a training has seen and on those that it has not.

The molecules of the training frames are seen. All others of the test frames are unseen; `larger` names those that form a cell of their own, and
where the data set has molecules for tests alone, the others that this training did not draw are a cell too, since they differ between trainings.
All but the larger ones are the family, the same frames for every training whose frames have all elements.
With E and F the labels of a frame of N atoms and r = E - E_model - sum over atoms of e_element, e fitted by least squares to E - E_model of the
training frames:

    force RMSE            over all components of the frames
    normalised error      the force RMSE over the root mean square of the labelled components
    energy RMSE           of r / N
    relative energies     RMSE of (r - mean of r over the same molecule and split) / N: conformer energies, which no e_element changes

Of each frame also its distance from the training frames in the model's features (ratios of nnip.measure.latent_distance). Fixed budget, fixed set of
molecules and domain of applicability: Shenoy, Tossou, Noutahi, Mary, Beaini & Ding, arXiv 2311.00862 (2023).
"""

from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINING, Measurement, Table, block, integer, many, real, switch, text, whole

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Test on each molecule",
    of="all",
    options=block(
        {
            "larger": many(
                [], "Molecules of the test frames that form a cell of their own, such as one built of the others.", {"type": "string"}, minimum=0
            ),
            "distances": switch(True, "Whether each test frame's error and its distance from the training frames are kept (table frame_errors)."),
            "frames_per_batch": integer(50, "Frames evaluated at once; bounds the memory.", "frames", minimum=1),
        },
        "Errors on each molecule of the test frames, seen and unseen (tables molecule_errors, cell_errors and frame_errors); null = none, {} = with "
        "these defaults.",
        default=None,
    ),
    tables={
        "molecule_errors": Table(
            "The errors of a training on the frames of one molecule in one test split.",
            TRAINING
            | {
                "split": text("name of the test split"),
                "molecule": text("its name, or the formula of frames without one"),
                "cell": text("seen, unseen, larger, or not drawn"),
                "n_frames": whole("its frames", "frames"),
                "n_components": whole("force components", optional=True),
                "forces_rmse_eV_per_A": real("root mean square error of the force components", "eV/A", optional=True),
                "forces_rms_eV_per_A": real("root mean square of the labelled components", "eV/A", optional=True),
                "normalised_force_error": real("the first over the second", optional=True),
                "energy_rmse_eV_per_atom": real("root mean square energy error after the fit of element energies", "eV/atom", optional=True),
                "relative_energy_rmse_eV_per_atom": real("the same about its mean; blank for one frame", "eV/atom", optional=True),
            },
        ),
        "cell_errors": Table(
            "The errors of a training on the frames of one kind of molecules in one test split.",
            TRAINING
            | {
                "split": text("name of the test split"),
                "cell": text("seen, unseen, larger, family (all but larger), or not drawn (where the data set has others for tests alone)"),
                "n_molecules": whole("molecules", "molecules"),
                "n_frames": whole("their frames", "frames"),
                "n_components": whole("force components", optional=True),
                "forces_rmse_eV_per_A": real("root mean square error of all force components", "eV/A", optional=True),
                "forces_rms_eV_per_A": real("root mean square of the labelled components", "eV/A", optional=True),
                "normalised_force_error": real("the first over the second", optional=True),
                "energy_rmse_eV_per_atom": real("root mean square energy error after the fit of element energies", "eV/atom", optional=True),
                "relative_energy_rmse_eV_per_atom": real("the same about the mean of each molecule", "eV/atom", optional=True),
                "untested": text("molecules left out of all cells for an element that no training frame has, joined by +", optional=True),
            },
        ),
        "frame_errors": Table(
            "The error of a training on one test frame, and the frame's distance from the training frames.",
            TRAINING
            | {
                "split": text("name of the test split"),
                "frame": text("where the frame is from"),
                "molecule": text("its name or formula"),
                "cell": text("seen, unseen, larger, or not drawn"),
                "n_atoms": whole("its atoms", "atoms"),
                "forces_rmse_eV_per_A": real("root mean square error of its force components", "eV/A", optional=True),
                "energy_error_eV_per_atom": real("label less prediction after the fit of element energies", "eV/atom", optional=True),
                "largest": real("largest ratio of an atom's distance to the training's 95 % quantile", optional=True),
                "mean": real("mean ratio of its atoms", optional=True),
            },
            when="distances",
        ),
    },
)
SEEN, UNSEEN, LARGER, NOT_DRAWN, FAMILY = "seen", "unseen", "larger", "not drawn", "family"


def problems(config: dict[str, Any], splits: list[str]) -> list[str]:
    """No test split, and larger molecules that the data set does not have."""
    found = [] if any(split.startswith("test_") for split in splits) else ["'molecule_errors' reads test splits, but the data set has none"]
    block = config["datasets"][config["dataset"]]
    if isinstance(block.get("smiles"), dict):
        from nnip.study.schema import nearest

        known = [*block["smiles"], *block["test_smiles"]]
        unknown = [name for name in config["molecule_errors"]["larger"] if name not in known]
        found += [f"'molecule_errors.larger' has '{name}', which is no molecule of the data set: {nearest(name, known)}" for name in unknown]
    return found


def variants(config: dict[str, Any], _: Any) -> dict[str, dict[str, Any]]:
    """One job, with the names of the molecules for tests alone."""
    block = config.get("datasets", {}).get(config.get("dataset"), {})
    return {"": config["molecule_errors"] | {"only_tested": list(block.get("test_smiles") or [])}}


def splits(_: dict[str, Any], every: list[str]) -> list[str]:
    """The training frames and the test splits."""
    return ["train", *(split for split in every if split.startswith("test_"))]


def cost(options: dict[str, Any], n_frames: int) -> int:
    """One evaluation per frame, and one for its features."""
    return n_frames * (2 if options["distances"] else 1)


def frames_at_once(options: dict[str, Any]) -> int:
    """The frames of a batch."""
    return options["frames_per_batch"]


def cell_of(molecule: str, seen: set[str], options: dict[str, Any]) -> str:
    """The cell of a molecule."""
    if molecule in options["larger"]:
        return LARGER
    if molecule in seen:
        return SEEN
    return UNSEEN if molecule in options["only_tested"] or not options["only_tested"] else NOT_DRAWN


def measure(job: "Job") -> "Rows":
    """Rows per molecule, per cell and per frame of every test split."""
    from nnip.potentials.evaluation import Batches
    from nnip.surface.residuals import Residuals, residuals

    learnt = job.frames("train")
    seen = set(Residuals(learnt, None, None).molecules)
    trained = Batches(job.potential, learnt, job.options["frames_per_batch"])
    lacking = residuals(trained).element_energies()
    distances = _distances(trained) if job.options["distances"] else None
    rows: dict[str, list[dict[str, Any]]] = {"molecule_errors": [], "cell_errors": [], "frame_errors": []}
    for split in (name for name in job.files if name != "train"):
        batches = Batches(job.potential, job.frames(split), trained.frames_per_batch)
        left = residuals(batches)
        left = left.without(lacking) if lacking else Residuals(left.frames, None, left.forces)
        of = {"split": split.removeprefix("test_")}
        cells = [cell_of(molecule, seen, job.options) for molecule in left.molecules]
        for molecule, places in _places(left.molecules).items():
            rows["molecule_errors"].append(of | {"molecule": molecule, "cell": cells[places[0]]} | left.of(places).scores())
        family = [place for place, cell in enumerate(cells) if cell != LARGER]
        for cell, places in (_places(cells) | ({FAMILY: family} if family else {})).items():
            part = left.of(places)
            rows["cell_errors"].append(of | {"cell": cell, "n_molecules": len(set(part.molecules))} | part.scores())
        if distances:
            rows["frame_errors"] += _frames(of, left, cells, *distances(batches))
    for row in rows["cell_errors"]:
        row["untested"] = "+".join(job.untested) or None
    job.notes["element_energies_eV"] = lacking
    return rows


def _places(names: list[str]) -> dict[str, list[int]]:
    """Name -> its places in the list."""
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        found.setdefault(name, []).append(place)
    return found


def _distances(trained: Any) -> Any:
    """A function giving the largest and the mean ratio of the frames of batches, or two None where the training's features do not vary."""
    from nnip.surface.latent import clouds, features_of, frame_ratios

    features, elements, _ = features_of(trained)
    try:
        known = clouds(features, elements)
    except ValueError:
        return lambda _: (None, None)

    def ratios(batches: Any) -> Any:
        features, elements, frame_of = features_of(batches)
        return frame_ratios(known, features, elements, frame_of) if set(elements.tolist()) <= set(known) else (None, None)

    return ratios


def _frames(of: dict[str, Any], left: Any, cells: list[str], largest: Any, mean: Any) -> list[dict[str, Any]]:
    """Rows of table frame_errors."""
    import numpy as np

    forces, rows = left.force_rmse_of_frames(), []
    for place, (frame, molecule) in enumerate(zip(left.frames, left.molecules, strict=True)):
        row: dict[str, Any] = {"frame": frame.info.get("origin", f"frame {place}"), "molecule": molecule, "cell": cells[place], "n_atoms": len(frame)}
        row["forces_rmse_eV_per_A"] = forces and forces[place]
        row["energy_error_eV_per_atom"] = None if left.energies is None else float(left.energies[place]) / len(frame)
        for name, values in (("largest", largest), ("mean", mean)):
            row[name] = float(values[place]) if values is not None and np.isfinite(values[place]) else None
        if row["energy_error_eV_per_atom"] is not None and not np.isfinite(row["energy_error_eV_per_atom"]):
            row["energy_error_eV_per_atom"] = np.inf
        rows.append(of | row)
    return rows
