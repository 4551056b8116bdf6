"""The real 3BPA frames, where a mirror of the files lies beside the repository."""

from pathlib import Path

import ase.io
import pytest
import yaml
from data_stage import counts, make_data

from nnip.study.manifest import read_manifest

ROOT = Path(__file__).resolve().parents[2]
# of the first 167 frames of train_mixedT.xyz, those that are also in train_300K.xyz
REPEATED = [6, 19, 22, 29, 34, 36, 44, 49, 63, 69, 73, 74, 78, 82, 84, 92, 97, 102, 108, 119, 120, 122, 128, 129, 134, 138, 140, 144, 150, 152, 164]


def test_the_held_out_blocks_share_no_frame_with_the_training_set(tmp_path, mirror):
    options = yaml.safe_load((ROOT / "config" / "demo.yaml").read_text())["datasets"]["3bpa"]
    study = {"seed": 1, "n_train": 100, "validation_fraction": 0.1, "learning_curve": [25, 50], "mirror": str(mirror)}
    make_data("3bpa", options, study, tmp_path)
    manifest = read_manifest(tmp_path / "manifest.json")
    made = counts(tmp_path)
    assert (made["pools/3bpa/pool.xyz"], made["sets/n100/train.xyz"]) == (500, 90)
    assert [made[f"test_{name}.xyz"] for name in ("300K", "600K", "1200K")] == [136, 167, 166]
    assert [int(row["frame"].rsplit(" ", 1)[1]) for row in manifest["dropped_duplicates"]] == REPEATED
    assert {row["split"] for row in manifest["dropped_duplicates"]} == {"test 300K"}
    frame = ase.io.read(tmp_path / "test_1200K.xyz", index=-1)
    original = ase.io.read(mirror / "3bpa" / "train_mixedT.xyz", index=499)
    assert frame.get_potential_energy() == original.get_potential_energy()
    assert (frame.get_forces() == original.get_forces()).all()
    assert not frame.pbc.any()
    assert frame.cell.lengths() == pytest.approx(50)
