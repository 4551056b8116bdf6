"""The released silicon sets, where a mirror lies beside the repository: counts, labels, marked atoms, and their own noise."""

import json
import zipfile

import numpy as np
import pytest

from nnip.data import EVENT, checks, silicon_re
from nnip.data.silicon_re import PARTS, TESTS, frames_of
from nnip.jobs.errors import InputError
from nnip.study.config import check_config

EVERY = ["plain", "validation", "vacancy", "interstitial"]


def read(folder, mirror, **change):
    given = {"study": "s", "dataset": "si", "models": "m.yaml", "datasets": {"si": {"source": "silicon-re"} | change}}
    return silicon_re.read(check_config(given, "test")["datasets"]["si"], 1, str(mirror), folder)


@pytest.fixture(scope="module")
def released(tmp_path_factory, mirror):
    return read(tmp_path_factory.mktemp("silicon"), mirror, test=EVERY)


def test_pool_and_splits_are_the_release_without_repeats(released):
    pool, tests, notes = released
    assert {name: len(frames) for name, frames in tests.items()} == {"plain": 25, "validation": 50, "vacancy": 100, "interstitial": 100}
    # 98 different frames are common to both sets, 120 are in one of them alone; of these, 57 and 36 are snapshots of the test sets too
    assert len(pool) == 98 - 25 + 2 * 120 - 57 - 36
    assert notes["left_out_for_tests"] == 25 + 57 + 36 and notes["dropped_duplicates"] == []
    assert len(notes["input_sha256"]) == 10
    assert not {checks.fingerprint(frame) for frame in pool} & {checks.fingerprint(frame) for frames in tests.values() for frame in frames}


@pytest.mark.parametrize(
    ("change", "n"), [({"train": "vacancy"}, 73 + 120 - 57), ({"train": "interstitial"}, 73 + 120 - 36), ({"enhanced": False}, 73)]
)
def test_the_pool_is_of_the_set_asked_for(tmp_path, mirror, change, n):
    pool, _, _ = read(tmp_path, mirror, **change)
    assert len(pool) == n
    sizes = [len(frame) for frame in pool]
    assert (sizes.count(65) > 80) == (change.get("train") == "interstitial")


def test_event_atoms_are_those_of_the_release(released):
    for split, n_events, n_frames in (("vacancy", 146, 62), ("interstitial", 177, 99)):
        marked = [int(frame.arrays[EVENT].sum()) for frame in released[1][split]]
        assert (sum(marked), np.count_nonzero(marked)) == (n_events, n_frames)


def test_labels_are_those_of_the_file(released, mirror):
    values = json.loads((mirror / "silicon-re/Vacancy-RE_Testing_Set/DATA.json").read_text())
    frame = released[1]["vacancy"][7]
    assert frame.get_potential_energy() == values["Energies"]["DFT_K4"][7]
    np.testing.assert_array_equal(frame.get_forces(), values["Forces"]["DFT_K4"][7])
    assert len(frame) == 63 and frame.pbc.all()


def test_another_file_is_refused(tmp_path, mirror):
    folder = tmp_path / "mirror" / "silicon-re" / "Vacancy-enhanced_Training_Set"
    folder.mkdir(parents=True)
    (folder / "DATA.json").write_text("{}")
    with pytest.raises(InputError, match=r"DATA.json: not the published file .*; nothing was kept"):
        read(tmp_path, tmp_path / "mirror")


@pytest.mark.parametrize("content", ["{}", "[]", '{"Forces": {"DFT_K4": [[[0, 0, 0]]]}, "Energies": {}}'])
def test_a_set_that_is_none_is_one_clear_line(tmp_path, content):
    (tmp_path / "DATA.json").write_text(content)
    with zipfile.ZipFile(tmp_path / "structure_poscars.zip", "w") as archive:
        archive.writestr("readme", "no frames")
    with pytest.raises(InputError, match="is not a set of the release"):
        frames_of(tmp_path / "DATA.json", tmp_path / "structure_poscars.zip")


def test_forces_alone_where_a_label_has_no_energies(mirror):
    folder = mirror / "silicon-re" / TESTS["vacancy"]
    coarse = frames_of(*(folder / part for part in PARTS), "DFT_K1")
    assert len(coarse) == 100 and "energy" not in coarse[0].calc.results
