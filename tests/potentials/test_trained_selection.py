"""Frames to label next, chosen by really trained models: far ones first, without repeats and without what is known already."""

import ase.io
import numpy as np
import pytest
from conftest import ethanol, labelled

from nnip.jobs.errors import InputError
from nnip.labelling import farthest_first, select_frames
from nnip.potentials.loading import load
from nnip.study.manifest import read_manifest
from nnip.study.tables import read_table

OPTIONS = {"n_frames": 4, "by": ["distance", "spread", "random"], "frames_per_batch": 5}


def test_each_frame_is_far_from_the_training_and_from_those_before():
    ratios, points = np.array([1.0, 5.0, 4.9, 2.0]), np.array([[0.0, 0], [5, 0], [5, 0.1], [0, 2]])
    order, values = farthest_first(ratios, points, np.ones(4, dtype=int), np.arange(4), 3)
    assert order.tolist() == [1, 3, 0], "the third is a copy of the second, but for 0.1"
    assert values[order].tolist() == pytest.approx([5, 2, 1])


def test_frames_are_apart_by_their_nearest_atoms_of_an_element():
    """Atoms of the second frame are 0 and 3 from those of the first, of the third 1 (H) and, without an O there, 2 (the other H)."""
    points, elements = np.array([[0.0], [10], [0], [13], [1], [2]]), np.array([1, 8, 1, 8, 1, 1])
    order, values = farthest_first(np.array([9.0, 8, 7]), points, elements, np.array([0, 0, 1, 1, 2, 2]), 3)
    assert order.tolist() == [0, 1, 2]
    assert values.tolist() == pytest.approx([9, 1.5, 1.5])


@pytest.fixture(scope="module")
def selected(trained, settings_of, frame_files, tmp_path_factory):
    """The folder of a selection from a pool of 8 near frames, 4 far ones (the last twice), 2 training frames, a test frame, and one with nitrogen."""
    folder = tmp_path_factory.mktemp("selection")
    train, val = frame_files["molecule"]
    rng = np.random.default_rng(5)
    far = [labelled(ethanol(1, 20 + i)[0], rng, 0.25) for i in range(4)]
    other = ethanol(1, 9)[0]
    other.symbols[0] = "N"
    (tested,) = ethanol(1, 30)
    pool = [*ethanol(8, 3), *far, far[-1].copy(), *ase.io.read(train, ":2"), tested, other]
    for index, frame in enumerate(pool):
        frame.info = {"origin": f"pool {index}", "molecule": "ethanol"}
    ase.io.write(folder / "pool.xyz", pool, format="extxyz")
    ase.io.write(folder / "test.xyz", tested, format="extxyz")
    directories = [trained("molecule"), trained("molecule", lr=0.02)]
    known = [train, val, folder / "test.xyz"]
    select_frames(settings_of(), OPTIONS, directories, known, folder / "pool.xyz", folder / "out")
    return folder, directories, known


def test_files_are_ready_for_labelling_and_have_no_repeats(selected):
    folder, *_ = selected
    manifest = read_manifest(folder / "out/manifest.json")
    assert (manifest["pool_frames"], manifest["candidates"], manifest["unknown_elements"]) == (17, 12, 1)
    table = read_table("selected", folder / "out/selected.csv")
    for kind in OPTIONS["by"]:
        frames = ase.io.read(folder / f"out/{kind}.xyz", ":")
        assert all(frame.calc is None and frame.info["molecule"] == "ethanol" for frame in frames)
        rows = table[table["by"] == kind]
        assert rows["frame"].tolist() == [frame.info["origin"] for frame in frames]
        assert rows["rank"].tolist() == [0, 1, 2, 3] and rows["frame"].is_unique


def test_far_frames_come_first(selected):
    folder, *_ = selected
    rows = read_table("selected", folder / "out/selected.csv").query("by == 'distance'")
    far = {f"pool {index}" for index in range(8, 12)}
    assert rows["frame"].iloc[0] in far and len(far & set(rows["frame"])) >= 2
    assert rows["value"].is_monotonic_decreasing


def test_the_spread_is_that_of_the_seeds_forces_frame_by_frame(selected):
    folder, directories, _ = selected
    calculators, spread = [load(directory).calculator() for directory in directories], {}
    for frame in ase.io.read(folder / "pool.xyz", ":12"):
        forces = []
        for calculator in calculators:
            bare = frame.copy()
            bare.calc = calculator
            forces.append(bare.get_forces())
        spread[frame.info["origin"]] = np.sqrt(((forces[0] - forces[1]) ** 2 / 2).mean())
    rows = read_table("selected", folder / "out/selected.csv").query("by == 'spread'")
    assert rows["frame"].tolist() == sorted(spread, key=lambda name: -spread[name])[:4]
    assert rows["value"].tolist() == pytest.approx([spread[name] for name in rows["frame"]], rel=1e-6)
    assert read_table("selected", folder / "out/selected.csv").query("by == 'random'")["value"].isna().all()


def test_a_pool_with_too_few_new_frames_is_named(selected, settings_of, tmp_path):
    folder, directories, known = selected
    with pytest.raises(
        InputError, match=r"select.n_frames: 13 frames asked for, but .*pool.xyz has 12 new ones of 17, 1 with elements that no training"
    ):
        select_frames(settings_of(), OPTIONS | {"n_frames": 13}, directories, known, folder / "pool.xyz", tmp_path)
