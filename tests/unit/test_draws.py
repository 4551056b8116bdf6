"""Sets of so many molecules and so many frames of each: nested, with all elements, and what a config may ask for."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms

from nnip.cost.estimate import engine_s
from nnip.data import splits
from nnip.data.draws import drawn, molecule_order
from nnip.jobs.errors import InputError
from nnip.study.config import check_config
from nnip.study.estimates import frames_expected
from nnip.study.model_table import check_listed_models, load_models
from nnip.study.runs import list_runs, run_settings
from nnip.study.training_sets import designs, pool_frames, training_sets

ROOT = Path(__file__).resolve().parents[2]
FORMULAS = {"benzene": "C6H6", "water": "H2O", "glycine": "C2H5NO2", "ammonia": "NH3", "ethanol": "C2H6O"}
SMILES = {"benzene": "c1ccccc1", "water": "O", "glycine": "NCC(=O)O", "ammonia": "N", "ethanol": "CCO", "methane": "C"}
BUDGET = {"n_frames": 24, "n_molecules": [1, 2, 4]}
FIXED = {"n_molecules": 3, "n_conformers": [4, 8]}


def pool(n=24, **others):
    frames = []
    for i in range(n):
        for name, formula in FORMULAS.items():
            if i < others.get(name, n):
                frames.append(Atoms(formula, positions=np.full((len(Atoms(formula)), 3), i), info={"molecule": name, "origin": f"{name} {i}"}))
    return frames


def draw(n_molecules, n_conformers, number=1, sizes=(1, 2, 4), most=24):
    return {"n_molecules": n_molecules, "n_conformers": n_conformers, "number": number, "most_conformers": most, "numbers_of_molecules": sizes}


def origins(frames):
    return [frame.info["origin"] for frame in frames]


def test_sets_of_a_draw_are_nested_and_every_frame_keeps_its_part():
    points = [(1, 24), (2, 12), (4, 6), (3, 4), (3, 8)]
    made = {point: drawn(pool(), draw(*point), 0.25, 1, "diversity") for point in points}
    for (n, frames), (train, validation, notes) in made.items():
        assert len(train) + len(validation) == n * frames
        assert len(notes["molecules"]) == n and notes["molecules"] == made[4, 6][2]["molecules"][:n]
        counts = {name: sum(frame.info["molecule"] == name for frame in (*train, *validation)) for name in notes["molecules"]}
        assert counts == dict.fromkeys(notes["molecules"], frames)
        assert len(validation) == pytest.approx(n * frames / 4, abs=1)
    for small, large in combinations(points, 2):
        if small[0] <= large[0] and small[1] <= large[1]:
            for part in (0, 1):
                assert set(origins(made[small][part])) <= set(origins(made[large][part]))
    assert not {*origins(made[3, 8][0])} & {*origins(made[3, 8][1])}
    # frame c of molecule j validates where c + j + 1 is a multiple of 4
    assert [made[4, 6][2]["molecules"].index(frame.info["molecule"]) for frame in made[4, 6][1]] == [3, 2, 1, 0, 3, 2]


def test_draws_differ_in_molecules_and_frames_and_seeds_too():
    made = [drawn(pool(), draw(2, 12, number), 0.25, seed, "diversity") for number, seed in ((1, 1), (2, 1), (3, 1), (1, 2), (1, 1))]
    assert len({tuple(sorted(origins(train))) for train, _, _ in made}) == 4
    assert origins(made[0][0]) == origins(made[4][0])


def test_the_fewest_molecules_that_can_have_all_elements_have_them():
    elements = {name: set(Atoms(formula).symbols) for name, formula in FORMULAS.items()}
    assert {molecule_order(elements, (1, 2, 4), seed)[0] for seed in range(10)} == {"glycine"}, "the only one with C, H, N and O"
    others = {name: own for name, own in elements.items() if name != "glycine"}
    pairs = [molecule_order(others, (1, 2, 4), seed)[:2] for seed in range(30)]
    assert {frozenset(pair) for pair in pairs} == {frozenset(("ammonia", "ethanol"))}
    assert len({tuple(pair) for pair in pairs}) == 2
    notes = drawn([frame for frame in pool() if frame.info["molecule"] != "glycine"], draw(1, 24), 0.25, 1, "diversity")[2]
    assert notes["missing_elements"] in (["C", "O"], ["N"])


def test_a_molecule_with_too_few_frames_is_in_no_set():
    notes = drawn(pool(glycine=20), draw(4, 6), 0.25, 1, "diversity")[2]
    assert notes["too_few_frames"] == {"glycine": 20} and "glycine" not in notes["molecules"]
    with pytest.raises(InputError) as error:
        drawn(pool(glycine=20, water=3), draw(4, 6), 0.25, 1, "diversity")
    assert str(error.value) == (
        "diversity: 4 molecules asked for, but the pool has 3 (water has 3 frames, of which a set takes 24; glycine has 20 frames, of which a set "
        "takes 24)"
    )


def test_learning_curves_have_every_molecule_in_its_proportion():
    frames = pool(24, water=12)
    orders = {}
    for size in (9, 18, 36, 108):
        train, validation = splits.subset(frames, size, 0.25, 1)
        orders[size] = set(origins(train)), set(origins(validation))
        for name in FORMULAS:
            share = sum(frame.info["molecule"] == name for frame in (*train, *validation))
            assert share == pytest.approx(size * (12 if name == "water" else 24) / 108, abs=1.01)
    for small, large in combinations(orders, 2):
        assert orders[small][0] <= orders[large][0] and orders[small][1] <= orders[large][1]
    validating = [frame.info["molecule"] for frame in splits.subset(frames, 108, 0.25, 1)[1]]
    assert set(validating) == set(FORMULAS)


def test_frames_without_names_keep_their_order():
    bare = [Atoms("H2", positions=[[0, 0, i], [0, 0, i + 1]], info={"origin": str(i)}) for i in range(20)]
    named = [frame.copy() for frame in bare]
    for frame in named:
        frame.info["molecule"] = "hydrogen"
    assert origins(splits.subset(bare, 10, 0.25, 1)[0]) == origins(splits.subset(named, 10, 0.25, 1)[0])


@pytest.fixture
def config():
    demo = yaml.safe_load((ROOT / "config/demo.yaml").read_text())
    block = {"source": "xtb", "smiles": SMILES, "test_smiles": {"methanol": "CO"}, "test_temperatures_K": [300, 1200]}
    return demo | {"dataset": "many", "datasets": {"many": block}, "noise": None, "learning_curve": [], "n_train": 24, "validation_fraction": 0.25}


def test_the_diversity_block_expands_to_drawn_sets(config):
    whole = check_config(config | {"diversity": {"fixed_budget": BUDGET, "fixed_molecules": FIXED, "n_draws": 2, "models": ["mace-base"]}})
    assert designs(whole) == {"budget": [(1, 24), (2, 12), (4, 6)], "molecules": [(3, 4), (3, 8)]}
    sets = {name: each for name, each in training_sets(whole).items() if each.draw}
    assert list(sets) == [f"{point}.draw{number}" for number in (1, 2) for point in ("1x24", "2x12", "3x4", "3x8", "4x6")]
    assert {(each.role, each.models) for each in sets.values()} == {("beside", ("mace-base",))}
    assert (sets["2x12.draw1"].size, sets["3x8.draw2"].size, sets["3x8.draw2"].draw.number) == (24, 24, 2)
    assert pool_frames("many", whole) == 24, "of each molecule: what the largest set takes of one"
    table = load_models(ROOT / config["models"])["models"]
    runs = list_runs(whole, table)
    assert sum(".draw" in name for name in runs) == 10 and "mace-base.4x6.draw2.seed1" in runs
    assert run_settings(runs["mace-base.4x6.draw2.seed1"], whole, table)["n_train"] == 24


def test_several_molecules_are_made_in_equal_parts(config):
    assert pool_frames("many", check_config(config)) == 4
    assert pool_frames("many", check_config(config | {"n_train": 25})) == 5


def test_costs_and_limits_count_the_frames_of_every_molecule(config):
    whole = check_config(config)
    labels = engine_s(whole, {"engine_s": 0.0, "label_s": 1.0})
    assert labels == 6 * 4 + 2 * 100 * 7
    assert frames_expected(whole["datasets"]["many"], 2, 24) == 24 + 2 * 100 * 7
    one = check_config(config | {"datasets": {"many": config["datasets"]["many"] | {"smiles": {"water": "O"}, "n_pool": 24}}})
    calls = [engine_s(each, {"engine_s": 1.0, "label_s": 0.0}) for each in (whole, one)]
    assert calls[0] > 3 * calls[1], "7 molecules of equal costs against 2, and as many frames to train on"


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({}, "'diversity' has neither fixed_budget nor fixed_molecules"),
        (
            {"fixed_budget": {"n_frames": 24, "n_molecules": [1, 5]}},
            "'diversity.fixed_budget.n_molecules' has 5, which does not divide the 24 frames",
        ),
        ({"fixed_molecules": {"n_molecules": 2, "n_conformers": [2]}}, "2 molecules with 2 frames each, which leave no frame to validate"),
        ({"fixed_budget": {"n_frames": 24, "n_molecules": [8]}}, "'diversity' has sets of 8 molecules, but 'datasets.many.smiles' has 6"),
        ({"fixed_budget": BUDGET, "seeds": [7]}, "'diversity.seeds' has 7, which is not one of the study's: 1"),
        ({"fixed_budget": BUDGET, "models": ["mace"]}, "'diversity.models' lists 'mace', which is not a model"),
        ({"fixed_budget": BUDGET, "measure": ["molecule"]}, "'diversity.measure' has 'molecule': did you mean 'molecule_md'?"),
        ({"fixed_budget": BUDGET, "n_drawn": 3}, "unknown key 'diversity.n_drawn': did you mean 'n_draws'?"),
    ],
)
def test_a_mistake_in_the_block_is_named(config, block, words):
    with pytest.raises(InputError) as error:
        whole = check_config(config | {"diversity": block}, "my.yaml")
        check_listed_models(whole, load_models(ROOT / config["models"])["models"], "my.yaml")
    assert str(error.value).startswith("my.yaml: ") and words in str(error.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_pool": 10}, "'diversity' has sets of 24 frames of a molecule, but 10 are made: set 'datasets.many.n_pool' to 24 or more"),
        ({"test_smiles": {"water": "CO"}}, "'datasets.many.test_smiles' has 'water', which 'smiles' has too"),
        ({"smiles": "CCO"}, "'datasets.many.test_smiles' is for several molecules: give 'datasets.many.smiles' as {name: SMILES}"),
        ({"smiles": {}}, "'smiles' is {}: it "),
        ({"smiles": {"two words": "C"}}, "has the name 'two words': use letters, digits"),
        ({"smiles": 3}, "'smiles' is 3, but must be of type string or object"),
    ],
)
def test_a_mistake_in_the_molecules_is_named(config, change, words):
    block = config["datasets"]["many"] | change
    with pytest.raises(InputError) as error:
        check_config(config | {"datasets": {"many": block}, "diversity": {"fixed_budget": BUDGET}}, "my.yaml")
    assert words in str(error.value)
