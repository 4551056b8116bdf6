"""What no schema can detect in the training sets of a config: errors in their names, sizes and kinds, and in the blocks that ask for them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nnip.data import selection
from nnip.declare.registry import measurements
from nnip.jobs.errors import InputError
from nnip.study.schema import nearest
from nnip.study.training_sets import EXPANDED, MADE_HERE, NAME, designs, n_molecules, pool_frames, training_sets


def name_problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Errors in the names of training sets, and unknown pools."""
    for name, block in config["training_sets"].items():
        key = f"training_sets.{name}"
        if not isinstance(name, str) or not NAME.fullmatch(name):
            yield f"'training_sets' has the name {str(name)[:100]!r}, which becomes a file name: use letters, digits, '_', '+' and '-', 60 at most"
        elif EXPANDED.fullmatch(name):
            yield f"'{key}': names such as {name} are those of the sets that n_train and learning_curve ask for; choose another"
        elif block["pool"] is not None and block["pool"] not in config["datasets"]:
            yield f"'{key}.pool' is '{block['pool']}', which is not under 'datasets': {nearest(block['pool'], config['datasets'])}"


def problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Errors in training sets with valid names that no schema can detect."""
    blocks = config["training_sets"]
    mains = [name for name, block in blocks.items() if block["role"] == "main"]
    if len(mains) > 1:
        yield f"'training_sets.{mains[1]}.role' is main, as that of '{mains[0]}' is: a study has one main training set"
    for name, block in blocks.items():
        yield from _block_problems(f"training_sets.{name}", block, config)
        yield from _selection_problems(f"training_sets.{name}.select", block["select"])
    yield from _diversity_problems(config)
    yield from _choice_problems(config)
    yield from _size_problems(config)


def _diversity_problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Errors in the diversity block."""
    block = config["diversity"]
    if not block:
        return
    budget, every = block["fixed_budget"] or {"n_frames": 0, "n_molecules": []}, round(1 / config["validation_fraction"])
    if uneven := next((n for n in budget["n_molecules"] if budget["n_frames"] % n), None):
        yield f"'diversity.fixed_budget.n_molecules' has {uneven}, which does not divide the {budget['n_frames']} frames"
    points = [point for own in designs(config).values() for point in own]
    if not points:
        yield "'diversity' has neither fixed_budget nor fixed_molecules: give one, or set it to null"
    for n, frames in points:
        if n + frames <= every:
            yield f"'diversity' has sets of {n} molecules with {frames} frames each, which leave no frame to validate at this validation_fraction"
    if unknown := next((name for name in block["measure"] if name not in measurements()), None):
        yield f"'diversity.measure' has '{unknown}': {nearest(unknown, sorted(measurements()))}"
    for seed in set(block["seeds"] or []).difference(config["seeds"]):
        yield f"'diversity.seeds' has {seed}, which is not one of the study's: {', '.join(map(str, config['seeds']))}"
    pool = next(each.pool for each in training_sets(config).values() if each.role == "main")
    own = config["datasets"][pool]
    if own["source"] == "xtb" and (most := max((n for n, _ in points), default=0)) > (n_smiles := n_molecules(own)):
        yield f"'diversity' has sets of {most} molecules, but 'datasets.{pool}.smiles' has {n_smiles}"
    if own["source"] == "xtb" and (most := max((n for _, n in points), default=0)) > (made := pool_frames(pool, config)):
        yield f"'diversity' has sets of {most} frames of a molecule, but {made} are made: set 'datasets.{pool}.n_pool' to {most} or more"


def _choice_problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Errors in the select block."""
    block = config["select"]
    if not block:
        return
    if "spread" in block["by"] and len(config["seeds"]) < 2:
        yield "'select.by' has spread, which is that over the seeds of a model, but 'seeds' has one: give two or more, or leave it out"
    main = next(each for each in training_sets(config).values() if each.role == "main")
    if not block["file"] and main.select:
        yield "'select' chooses from all frames that the main set has not, but the main set is of some only ('select' there): give 'select.file'"
    if block["file"] and not Path(block["file"]).is_file():
        yield f"'select.file': there is no file {block['file']}"


def _block_problems(key: str, block: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    every, known = round(1 / config["validation_fraction"]), sorted(measurements())
    for other in ("size", "models", "seeds", "measure"):
        if block["role"] == "main" and block[other]:
            yield f"'{key}.{other}': the main set has n_train frames, of which every model learns with every seed, and all is measured"
    if block["learn"] == ["stress"]:
        yield f"'{key}.learn' is stress alone: a model learns energies or forces too"
    if block["size"] is not None and block["size"] < every:
        yield f"'{key}.size' is {block['size']}, which leaves no frame to validate: at least {every} are needed at this validation_fraction"
    for label in block["noise"]:
        if block["learn"] and label not in block["learn"]:
            yield f"'{key}.noise' is on {label}, which '{key}.learn' does not have"
    if block["noise"] and block["role"] != "beside":
        yield f"'{key}' has noise, so it can be neither the main set nor a point of the learning curve: leave out 'role', and name what to 'measure'"
    for seed in set(block["seeds"] or []).difference(config["seeds"]):
        yield f"'{key}.seeds' has {seed}, which is not one of the study's: {', '.join(map(str, config['seeds']))}"
    for measurement in block["measure"]:
        if measurement not in known:
            yield f"'{key}.measure' has '{measurement}': {nearest(measurement, known)}"


def _selection_problems(key: str, select: Mapping[str, Any]) -> Iterator[str]:
    kinds = selection.kinds()
    for kind, value in select.items():
        if kind not in kinds:
            yield f"'{key}' has the kind '{str(kind)[:100]}': {nearest(str(kind), list(kinds))}"
            continue
        try:
            kinds[kind]([], value)
        except InputError as error:
            yield f"'{key}.{kind}' {error}"


def _size_problems(config: Mapping[str, Any]) -> Iterator[str]:
    main, *others = training_sets(config).values()
    curve: dict[int, str] = {}
    for each in (main, *others):
        for key in ("pool", "select", "learn"):
            if each.role == "curve" and getattr(each, key) != getattr(main, key):
                yield f"'training_sets.{each.name}.{key}' is not that of the main set, so it is no point of its learning curve: leave out 'role'"
        if each.role != "beside" and (other := curve.setdefault(each.size, each.name)) != each.name:
            yield f"training sets '{other}' and '{each.name}' both have {each.size} frames: a learning curve has one set of a size"
        block = config["datasets"][each.pool]
        made = pool_frames(each.pool, config) * n_molecules(block) if block["source"] in MADE_HERE else each.size
        if each.size > made:
            key, asked = f"datasets.{each.pool}.n_pool", f"{each.size}"
            if each.chosen:
                asked = f"{each.size - main.size} beside the {main.size} of the main set"
            yield f"'{each.size_key}' is {asked}, but {made} frames of '{each.pool}' are made: set '{key}' to {each.size} or more"
