"""Training sets: their frames, labels and noise, and the measurements of the models trained on them."""

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from nnip.study.labels import LABELS

MADE_HERE = ("xtb", "emt")  # sources whose frames are generated
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]{0,59}")
EXPANDED = re.compile(r"n[0-9]+")  # names of the sets of n_train and learning_curve


@dataclass(frozen=True)
class Draw:
    """A set of the diversity block: the first n_molecules of the draw `number`, the first n_conformers frames of each.

    most_conformers:       of any set of the block
    numbers_of_molecules:  of all its sets
    """

    n_molecules: int
    n_conformers: int
    number: int
    most_conformers: int
    numbers_of_molecules: tuple[int, ...]


@dataclass(frozen=True)
class TrainingSet:
    """One training set; `name` is the name of its folder under results/<study>/data/sets/ and part of the names of its runs.

    role:     main (all measurements), curve (a point of the learning curve) or beside (errors, and the measurements in `measure`)
    pool:     data set of its frames, a block under `datasets`
    size:     labelled frames, validation included
    select:   kind of nnip.data.selection -> value: the frames of the pool that it is drawn from
    learn:    labels that are trained on, as far as a model has a weight on them
    noise:    label -> Gaussian noise on it, in standard deviations of the label; one label at most
    batch_size:  frames of a step of the training; None: as the model's row says
    measure:  further measurements for a set with role beside
    models, seeds:  the models and seeds trained on it; None: all
    draw:     which molecules, and how many frames of each; None: any frames
    chosen:   kind of the choice by which frames are added to those of the main set (nnip.labelling); None: none are
    """

    name: str
    role: str
    pool: str
    size: int
    select: Mapping[str, Any] = field(default_factory=dict, hash=False)
    learn: tuple[str, ...] = LABELS
    noise: Mapping[str, float] = field(default_factory=dict, hash=False)
    measure: tuple[str, ...] = ()
    models: tuple[str, ...] | None = None
    seeds: tuple[int, ...] | None = None
    batch_size: int | None = None
    draw: Draw | None = None
    chosen: str | None = None

    @property
    def noise_label(self) -> str | None:
        """The label with noise (which may be 0), if any."""
        return next(iter(self.noise), None)

    @property
    def sigma(self) -> float:
        """The noise, in standard deviations of its label."""
        return sum(self.noise.values(), 0.0)

    @property
    def size_key(self) -> str:
        """The key of the config that sets its size."""
        if self.draw or self.chosen:
            return "diversity" if self.draw else "select.n_frames"
        if EXPANDED.fullmatch(self.name):
            return "n_train" if self.role == "main" else "learning_curve"
        return "noise.n_train" if "." in self.name else f"training_sets.{self.name}.size"

    def is_drawn_like(self, other: "TrainingSet") -> bool:
        """Whether its frames are those of the other one, more or fewer of them."""
        return (self.pool, self.select, self.draw, self.chosen) == (other.pool, other.select, other.draw, other.chosen)

    def recipe(self) -> dict[str, Any]:
        """The settings for the job that makes its frames."""
        return {
            "name": self.name,
            "size": self.size,
            "size_key": self.size_key,
            "pool": self.pool,
            "select": dict(self.select),
            "noise": dict(self.noise),
        } | ({"draw": asdict(self.draw)} if self.draw else {})


def training_sets(config: Mapping[str, Any]) -> dict[str, TrainingSet]:
    """All training sets of a checked config by name: the main one, those of the learning curve, largest first, and those with role beside.

    n_train, learning_curve, noise, diversity and select are short forms. A declared set with role main replaces the set of n_train frames; the sets
    of learning_curve and noise are then drawn in the same way.
    """
    declared = {name: _declared(name, block, config) for name, block in config["training_sets"].items()}
    main = next((each for each in declared.values() if each.role == "main"), None)
    main = main or TrainingSet(f"n{config['n_train']}", "main", config["dataset"], config["n_train"])
    curve = [replace(main, name=f"n{size}", role="curve", size=size) for size in config["learning_curve"]]
    curve += [each for each in declared.values() if each.role == "curve"]
    curve.sort(key=lambda each: -each.size)
    beside = [each for each in declared.values() if each.role == "beside"]
    return {
        each.name: each for each in (main, *curve, *_noise_sets(config, main), *_diversity_sets(config, main), *_chosen_sets(config, main), *beside)
    }


def _declared(name: str, block: Mapping[str, Any], config: Mapping[str, Any]) -> TrainingSet:
    """A block under `training_sets`."""
    return TrainingSet(
        name,
        block["role"],
        block["pool"] or config["dataset"],
        block["size"] or config["n_train"],
        block["select"],
        tuple(label for label in LABELS if label in (block["learn"] or LABELS)),
        block["noise"],
        tuple(block["measure"]),
        None if block["models"] is None else tuple(block["models"]),
        None if block["seeds"] is None else tuple(block["seeds"]),
        block["batch_size"],
    )


def _noise_sets(config: Mapping[str, Any], main: TrainingSet) -> list[TrainingSet]:
    """The sets of the noise block: each has one label, with noise on it."""
    noise = config["noise"]
    if not noise:
        return []
    size = noise["n_train"] or config["n_train"]
    common = replace(main, role="beside", size=size, models=tuple(noise["models"]))
    return [
        replace(common, name=f"n{size}.{label}-noise{sigma:g}", learn=(label,), noise={label: float(f"{sigma:g}")})  # the value in its name
        for label in noise["labels"]
        for sigma in noise["sigmas"]
    ]


def designs(config: Mapping[str, Any]) -> dict[str, list[tuple[int, int]]]:
    """Name of a design of the diversity block -> its numbers of molecules and of frames of each."""
    block = config["diversity"]
    found = {}
    if block and (budget := block["fixed_budget"]):
        found["budget"] = [(n, budget["n_frames"] // n) for n in sorted(budget["n_molecules"])]
    if block and (chosen := block["fixed_molecules"]):
        found["molecules"] = [(chosen["n_molecules"], n) for n in sorted(chosen["n_conformers"])]
    return found


def _diversity_sets(config: Mapping[str, Any], main: TrainingSet) -> list[TrainingSet]:
    """The sets of the diversity block, drawn from the main set's pool."""
    block, points = config["diversity"], sorted({point for own in designs(config).values() for point in own})
    if not points:
        return []
    limits = max(n for _, n in points), tuple(sorted({n for n, _ in points}))
    models, seeds = (tuple(block[key]) if block[key] else None for key in ("models", "seeds"))
    common = replace(main, role="beside", models=models, seeds=seeds, measure=tuple(block["measure"]))
    return [
        replace(common, name=f"{n}x{frames}.draw{number}", size=n * frames, draw=Draw(n, frames, number, *limits))
        for number in range(1, block["n_draws"] + 1)
        for n, frames in points
    ]


def _chosen_sets(config: Mapping[str, Any], main: TrainingSet) -> list[TrainingSet]:
    """The main set with frames chosen from the rest of its pool, of each kind of choice."""
    block = config["select"]
    if not block or block["file"]:
        return []
    more = replace(main, role="beside", size=main.size + block["n_frames"], models=(block["model"],))
    return [replace(more, name=f"plus{block['n_frames']}.{kind}", chosen=kind) for kind in block["by"]]


def n_molecules(block: Mapping[str, Any]) -> int:
    """Number of molecules whose frames are made for the pool of a data set; 1 where that is not by molecule."""
    return len(block["smiles"]) if isinstance(block.get("smiles"), dict) else 1


def pool_frames(pool: str, config: Mapping[str, Any]) -> int:
    """Number of frames to generate for a pool whose source generates them, of each molecule where there are several.

    For the pool of the main set it is that set's size, so that further sets do not change its frames; the sets of the diversity block take part.
    """
    sets, block = [each for each in training_sets(config).values() if each.pool == pool], config["datasets"][pool]
    main = [each.size for each in sets if each.role == "main"] or [each.size for each in sets if not (each.draw or each.chosen)]
    drawn = [each.draw.most_conformers for each in sets if each.draw]
    return block.get("n_pool") or max([math.ceil(size / n_molecules(block)) for size in main] + drawn, default=1)


def row(training_set: TrainingSet, manifest: Mapping[str, Any], of_stress: bool = False) -> dict[str, Any]:
    """The row of table training_sets; manifest: that of its frames, with its noise; of_stress: whether a model learns stresses."""
    label = training_set.noise_label
    return {
        "training_set": training_set.name,
        "role": training_set.role,
        "pool": training_set.pool,
        "n_train": training_set.size,
        "learn": "+".join(label for label in training_set.learn if label != "stress" or of_stress),
        "noise_label": label,
        "noise": training_set.sigma,
        "selection": ", ".join(f"{kind}: {value}" for kind, value in training_set.select.items()) or None,
    } | {name: value for name, value in manifest.items() if name.startswith("noise_sigma_")}


def pools(config: Mapping[str, Any]) -> list[str]:
    """The data sets of the training sets, the study's data set first."""
    return list(dict.fromkeys([config["dataset"], *(block["pool"] for block in config["training_sets"].values() if block["pool"] is not None)]))
