"""Tables are what the schema says, whole or absent, and read back as they were written."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nnip.data.frames import read_frames
from nnip.jobs.errors import InputError
from nnip.jobs.files import git_blob_id, sha256, whole, write_json
from nnip.study.manifest import Stopwatch, write_manifest
from nnip.study.seeds import derive
from nnip.study.tables import gather, read_table, write_table

ROOT = Path(__file__).resolve().parents[2]
FAILURE = {"framework": "mace", "model": "a", "seed": 1, "replica": 0, "time_fs": 12.5, "failed": True, "reason": "bond", "atom_i": 3}


def test_round_trip_keeps_types_and_blanks(tmp_path):
    write_table("failures", [FAILURE, FAILURE | {"failed": False, "atom_i": None, "reason": "none"}], tmp_path / "failures.csv")
    text = (tmp_path / "failures.csv").read_text().splitlines()
    assert text[1] == "mace,a,1,,0,12.5,true,bond,3,,"
    data = read_table("failures", tmp_path / "failures.csv")
    assert data["failed"].tolist() == [True, False]
    assert data["atom_i"][0] == 3
    assert data["atom_i"].isna().tolist() == [False, True]


def test_every_digit_of_a_number_survives(tmp_path):
    times = np.random.default_rng(0).lognormal(sigma=5, size=2000)
    write_table("failures", [FAILURE | {"time_fs": float(time)} for time in times], tmp_path / "failures.csv")
    assert read_table("failures", tmp_path / "failures.csv")["time_fs"].tolist() == times.tolist()


def test_a_blank_where_none_is_allowed_is_refused(tmp_path):
    with pytest.raises(ValueError, match="time_fs"):
        write_table("failures", [FAILURE | {"time_fs": None}], tmp_path / "failures.csv")
    assert not (tmp_path / "failures.csv").exists()


def test_an_unknown_column_is_refused(tmp_path):
    with pytest.raises(ValueError, match="colour"):
        write_table("failures", [FAILURE | {"colour": 1}], tmp_path / "failures.csv")


def test_a_header_alone_is_an_empty_table(tmp_path):
    write_table("failures", [], tmp_path / "a.csv")
    write_table("failures", [FAILURE], tmp_path / "b.csv")
    assert len(read_table("failures", tmp_path / "a.csv")) == 0
    assert len(gather("failures", [tmp_path / "a.csv", tmp_path / "b.csv"])) == 1


@pytest.mark.parametrize("text", ["framework,model\nmace,a\n", "framework,model,training_set,seed\nmace,a,n3,one\n"])
def test_a_broken_table_names_its_file(tmp_path, text):
    (tmp_path / "trainings.csv").write_text(text)
    with pytest.raises(InputError, match=r"trainings\.csv"):
        read_table("trainings", tmp_path / "trainings.csv")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError), whole(path) as temporary:
        temporary.write_text("half")
        raise ValueError
    assert json.loads(path.read_text()) == {"a": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]


def test_git_blob_id_is_gits(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    assert git_blob_id(tmp_path / "empty") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


def test_seeds_differ_by_use_and_repeat():
    seeds = {derive(1, "md", "a", replica) for replica in range(100)} | {derive(1, "landscape", "a"), derive(2, "md", "a", 0)}
    assert len(seeds) == 102
    assert derive(1, "md", "a", 0) == derive(1, "md", "a", 0)
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert pd.Series(list(seeds)).is_unique


@pytest.mark.parametrize("damage", [lambda text: text.replace("12.5", "12.6"), lambda text: text[: text.index("mace,b")], lambda text: ""])
def test_a_runs_table_that_its_job_did_not_write_is_not_gathered(tmp_path, damage):
    file = tmp_path / "failures.csv"
    write_table("failures", [FAILURE, FAILURE | {"model": "b"}], file)
    write_manifest(tmp_path / "manifest.json", "md", {}, {}, "cpu", Stopwatch())
    assert len(gather("failures", [file])) == 2
    file.write_text(damage(file.read_text()))
    with pytest.raises(InputError, match=r"failures.csv: is not what its job wrote .* remove it, and it is made again"):
        gather("failures", [file])


def test_frames_that_were_taken_out_are_noticed(tmp_path):
    (tmp_path / "n2").mkdir()
    files = {name: tmp_path / name for name in ("train.xyz", "n2/train.xyz")}
    for file in files.values():
        file.write_text("1\nProperties=species:S:1:pos:R:3\nH 0 0 0\n" * 2)
    listed = {name: {"n_frames": 2, "sha256": sha256(file)} for name, file in files.items()}
    write_manifest(tmp_path / "manifest.json", "data", {}, {}, "cpu", Stopwatch(), files=listed)
    for file in files.values():
        assert len(read_frames(file)) == 2
        file.write_text("1\nProperties=species:S:1:pos:R:3\nH 0 0 0\n")
        with pytest.raises(InputError, match=r"train.xyz: is not what its job wrote"):
            read_frames(file)


@pytest.mark.parametrize("path", sorted((ROOT / "results/reference").glob("*/*.csv")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_tables_kept_of_earlier_studies_are_read_as_those_of_today(path):
    assert len(read_table(path.stem, path))
