"""The estimate of a study's cost: arithmetic with numbers worked out by hand, its calibration file, and the limits that follow from it."""

import dataclasses
import itertools
import json
import math
import os
import subprocess
import sys

import pandas as pd
import pytest
from test_estimates import SMALL

from nnip.cost.calibration import Calibrated, architecture, read_calibration, representatives, step_and_gap, write_calibration
from nnip.cost.estimate import (
    JobCost,
    by_stage,
    engine_s,
    in_words,
    measurement_MB,
    measurement_s,
    of_replicas,
    training_MB,
    training_s,
    wall_hours,
    warm,
)
from nnip.jobs.errors import InputError
from nnip.report.details import cost_words
from nnip.study.config import check_config
from nnip.study.costs import costs, estimate_and_outcome
from nnip.study.estimates import (
    MARGIN,
    MEMORY_MARGIN,
    START_MINUTES,
    Work,
    measurement_megabytes,
    measurement_minutes,
    training_megabytes,
    training_minutes,
)
from nnip.study.runs import Run
from nnip.study.tables import frame
from nnip.study.training_sets import TrainingSet

ROW = SMALL | {"stress_weight": 0}
COST = Calibrated(
    architecture=architecture(ROW),
    model="m",
    device="cpu",
    machine="a processor",
    packages_sha256="0",
    n_atoms=27,
    frames="made-up",
    frames_at_once=50,
    import_s=4.0,
    start_s=1.0,
    load_s=1.0,
    command_s=8.0,
    step_s=0.1,
    epoch_s=0.5,
    graph_s=0.002,
    evaluation_s=0.01,
    replica_s=0.02,
    job_MB=400.0,
    command_MB=600.0,
    frame_MB=3.0,
)


def test_a_training_by_hand():
    # 90 frames to train on are 18 steps of 5; 10 to validate on
    epoch_s = 18 * 0.1 + 0.5 + 10 * 0.01
    assert training_s(ROW | {"epochs": 100, "batch_size": 5}, 100, 0.1, COST) == pytest.approx(5 + 1 + 8 + 100 * epoch_s + 100 * 0.012)
    # an incomplete batch is a step too: 16 frames are 4 steps
    assert training_s(ROW | {"epochs": 1, "batch_size": 5}, 20, 0.2, COST) == pytest.approx(14 + 0.4 + 0.5 + 0.04 + 20 * 0.012)
    assert training_s(ROW | {"trained": "a.model"}, 100, 0.1, COST) == pytest.approx(6 + 1.2)
    limited = training_s(ROW | {"epochs": 1_000_000, "batch_size": 5}, 100, 0.1, COST, max_hours=2)
    assert limited == pytest.approx(14 + 7200 + 1.2)


def test_a_measurement_by_hand():
    assert measurement_s(1000, 30, False, COST) == pytest.approx(6 + 10 + 30 * 0.002)
    assert measurement_s(10, 30, False, COST) == pytest.approx(6 + 0.1 + 10 * 0.002)
    assert measurement_s(1000, 30, True, COST) == pytest.approx(6 + 20)
    assert measurement_s(0, 30, False, COST) == 6


def test_warm_starts_import_nothing():
    row = ROW | {"epochs": 1, "batch_size": 5}
    assert training_s(row, 20, 0.2, COST) - training_s(row, 20, 0.2, warm(COST)) == pytest.approx(8), "the job and its command"
    assert measurement_s(0, 30, False, warm(COST)) == 2
    assert warm(dataclasses.replace(COST, command_s=1.0)).command_s == 0


def test_memory_by_hand():
    assert measurement_MB(COST, 50) == 550
    assert training_MB(COST, 50) == 1000, "the command needs more than 50 frames"
    assert training_MB(COST, 300) == 1300


def test_what_moves_replicas_is_what_begins_at_the_start():
    assert of_replicas("md", {}) and of_replicas("gates", {"split": "train"})
    assert not of_replicas("errors", {}) and not of_replicas("landscape", {"split": "train"})


def test_frames_by_hand():
    xtb = {"source": "xtb", "smiles": "CCO", "test_temperatures_K": [300, 900], "n_test": 6, "frames_per_chunk": 5}
    config = {"study": "s", "dataset": "d", "datasets": {"d": xtb}, "models": "m.yaml", "n_train": 20, "learning_curve": []}
    given = check_config(config, "test")
    block = given["datasets"]["d"]
    frames_fs = (20 + 12) * block["stride_fs"] + (4 + 2 + 2) * block["equilibration_fs"]
    expected = (frames_fs / 3 + 60 * block["n_conformers"]) * 0.01 + 32 * 0.1
    assert engine_s(given, {"engine_s": 0.01, "label_s": 0.1}) == pytest.approx(expected)
    emt = {"source": "emt", "train_temperatures_K": [300], "test_temperatures_K": [300, 2000], "n_test": 10, "frames_per_chunk": 10}
    given = check_config(config | {"datasets": {"d": emt}}, "test")
    block = given["datasets"]["d"]
    frames_fs = 40 * block["stride_fs"] + 4 * block["equilibration_fs"] + 600
    assert engine_s(given, {"engine_s": 0.01, "label_s": 0.1}) == pytest.approx(frames_fs / 2 * 0.01 + 40 * 0.1)


JOBS = [
    JobCost("data", "data", 100, 300, done=True),
    JobCost("train", "a/train", 3600, 900),
    JobCost("train", "b/train", 1800, 1000, done=True),
    JobCost("md", "a/md", 7200, 500),
    JobCost("md", "b/md", 1800, 600),
    JobCost("tables and figures", "tables", 36, 300, jobs=10),
]


def test_the_table_adds_up():
    stages = {stage.stage: stage for stage in by_stage(JOBS)}
    assert list(stages) == ["data", "train", "md", "tables and figures", "total"]
    assert dataclasses.astuple(stages["train"]) == ("train", 2, 1, 1.5, 1.0, 60.0, 1000)
    assert dataclasses.astuple(stages["tables and figures"]) == ("tables and figures", 10, 0, 0.1, 0.1, 0.6, 300)
    assert (stages["total"].jobs, stages["total"].done, stages["total"].memory_MB) == (15, 2, 1000)
    assert stages["total"].hours == pytest.approx(100 / 3600 + 1.5 + 2.5 + 0.1)
    assert stages["total"].hours_left == pytest.approx(1 + 2.5 + 0.1)
    text = in_words(list(stages.values()), "core-hours", 2, 1.8, ["A note."])
    assert text.splitlines()[2].split() == ["train", "2", "1", "1.5", "1.0", "60.0", "1000"]
    assert "about 1.8 h with 2 cores" in text and text.endswith("A note.\n")
    assert "with 1 GPU." in in_words(list(stages.values()), "GPU-hours", 1, 1.8, [])


def test_the_wall_time_is_of_all_cores_but_not_below_the_longest_chain():
    assert wall_hours(JOBS, 1) == pytest.approx(3.5 + 0.1)
    assert wall_hours(JOBS, 2) == pytest.approx(3.0 + 0.05), "training a and its MD are one after the other"
    assert wall_hours(JOBS, 100) == pytest.approx(3.0 + 0.001)
    assert wall_hours([], 4) == 0


def test_models_that_differ_in_what_costs_nothing_share_a_calibration():
    same = ROW | {"lr": 1.0, "label": "x", "ema_decay": None, "epochs": 7, "swa": {"start_epoch": 3}, "energy_weight": 9}
    other = [ROW | {"features": 32}, ROW | {"batch_size": 1}, ROW | {"stress_weight": 2}, ROW | {"framework": "nequip"}, ROW | {"extra": {"a": 1}}]
    assert architecture(same) == architecture(ROW)
    assert len({architecture(row) for row in (ROW, *other)}) == 1 + len(other)
    assert architecture(ROW | {"stress_weight": 2}) == architecture(ROW | {"stress_weight": 3})
    assert representatives({"a": ROW, "b": same, "c": other[0]}) == {architecture(ROW): "a", architecture(other[0]): "c"}


def test_a_calibration_comes_back_as_it_was_written(tmp_path):
    path = tmp_path / "calibration.csv"
    assert read_calibration(path, "cpu") == {}
    write_calibration(path, [COST])
    assert read_calibration(path, "cpu") == read_calibration(path, "auto") == {COST.architecture: COST}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda text: text.replace("step_s", "steps"), "is not a calibration of this workflow (columns: step_s, steps)"),
        (lambda text: text.replace("0.1,", "fast,"), "is not a whole calibration"),
        (lambda text: text.replace("0.1,", "nan,"), "is not a whole calibration (step_s is nan)"),
        (lambda text: text.replace("0.1,", "-1,"), "is not a whole calibration (step_s is -1)"),
        (lambda text: text[:-30], "is not a whole calibration"),
        (lambda text: text.replace(",cpu,", ",cuda,"), "was made on cuda, but 'device' is cpu"),
        (lambda _: "", "is not a calibration of this workflow"),
        (lambda _: "a,b\n1,2\n", "is not a calibration of this workflow"),
    ],
)
def test_a_spoilt_or_foreign_calibration_is_one_line(tmp_path, spoil, words):
    path = tmp_path / "calibration.csv"
    write_calibration(path, [COST])
    path.write_text(spoil(path.read_text()))
    with pytest.raises(InputError) as error:
        read_calibration(path, "cpu")
    assert str(error.value).startswith(f"{path}: {words}") and "\n" not in str(error.value) and "snakemake cost" in str(error.value)


@pytest.fixture
def given():
    datasets = {"mine": {"source": "xtb", "smiles": "CCO"}}
    config = check_config({"study": "s", "dataset": "mine", "datasets": datasets, "models": "m.yaml"}, "test")
    return Run("m", "mace", TrainingSet("n100", "main", "mine", 100), 1), config, {"m": ROW}, 27


def test_limits_follow_the_calibration(given):
    run, config, _, n_atoms = given
    calibration = {COST.architecture: COST}
    seconds = training_s(ROW, 100, config["validation_fraction"], COST)
    assert training_minutes(*given, calibration) == START_MINUTES + math.ceil(MARGIN * seconds / 60)
    assert training_megabytes(*given, calibration) == 500 * math.ceil(MEMORY_MARGIN * 1000 / 500)
    assert measurement_megabytes(50, *given, calibration) == 500 * math.ceil(MEMORY_MARGIN * 550 / 500)
    for replicas, each_s in ((True, 0.02), (False, 0.01)):
        work = Work(60_000, 0, replicas)
        assert measurement_minutes(work, *given, calibration) == START_MINUTES + math.ceil(MARGIN * (6 + 60_000 * each_s) / 60)
    other = {"m": ROW | {"features": 32}}
    assert training_minutes(run, config, other, n_atoms, calibration) == training_minutes(run, config, other, n_atoms), "rough where not calibrated"


def test_steps_and_gaps_of_a_training_are_told_apart():
    # the first epoch compiles: its steps take 1 s, later ones 0.1 s, and 0.5 s lie between epochs
    lengths = [9.0, 1.0, 1.0, *([0.6, 0.1, 0.1] * 3)]
    assert step_and_gap(list(itertools.accumulate(lengths)), 3, 4) == pytest.approx((0.1, 0.5))
    with pytest.raises(InputError, match="made 2 optimizer steps, not"):
        step_and_gap([1.0, 2.0], 3, 4)


def manifest(folder, stage, **more):
    settings = {"framework": "mace", "model": "m", "training_set": "n50", "seed": 2}
    every = {"settings_sha256": "", "seeds": {}, "device": "cpu", "packages": {}, "stage": stage, "settings": settings}
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(every | more))
    return folder / "manifest.json"


@pytest.fixture
def paths(tmp_path):
    runs = tmp_path / "runs" / "m.n50.seed2"
    return [
        manifest(runs / "train", "train", wall_s=100.0, cpu_s=3600.0, max_memory_MB=700.0),
        manifest(runs / "md", "md", wall_s=30, cpu_s=20.0, max_memory_MB=500.0, resumed=1),
        manifest(runs / "errors", "errors", wall_s=30),
    ]


@pytest.fixture
def estimate(tmp_path):
    path = tmp_path / "estimate.csv"
    lines = ["m.n50.seed2/train,train,7200.0,1000", "m.n50.seed2/md,md,30.0,600", "m.n50.seed2/errors,errors,9,600"]
    path.write_text("\n".join(["job,stage,estimated_s,estimated_MB", *lines]) + "\n")
    return path


def test_the_outcome_stands_beside_the_estimate(paths, estimate):
    table = frame("costs", costs(paths, estimate))
    assert table["cpu_s"].fillna(-1).tolist() == [3600.0, -1, -1], "unknown of a resumed job, and of an earlier version's"
    assert table["estimated_s"].tolist() == [7200.0, 30.0, 9.0]
    rows = estimate_and_outcome(table)
    assert rows.to_dict("records") == [
        {"stage": "train", "jobs": 1, "estimated_h": 2.0, "spent_h": 1.0, "ratio": 0.5, "estimated_MB": 1000.0, "max_memory_MB": 700.0}
    ]
    text = cost_words(table)
    assert "| train | 1 | 2.000 | 1.000 | 0.50 | 1000 | 700 |" in text and "0.50 times the estimate" in text


def test_on_a_gpu_wall_time_counts(paths, estimate):
    table = costs(paths, estimate).assign(device="cuda")
    assert estimate_and_outcome(table)["spent_h"].tolist() == pytest.approx([100 / 3600, 30 / 3600, 30 / 3600])


def test_without_an_estimate_there_are_blanks(paths, tmp_path):
    table = frame("costs", costs(paths, tmp_path / "none.csv"))
    assert table["estimated_s"].isna().all() and table["wall_s"].tolist() == [100.0, 30.0, 30.0]
    assert "No estimate was made" in cost_words(table)


def test_a_foreign_estimate_is_one_line(paths, estimate):
    for text in ("a,b\n1,2\n", "job,stage,estimated_s,estimated_MB\nx,train,soon,1\n"):
        estimate.write_text(text)
        with pytest.raises(InputError, match="is not an estimate of this workflow"):
            costs(paths, estimate)


SPEND = """
import json, os, subprocess, sys, time
from nnip.jobs.spent import SPENT
def burn(seconds):
    start = time.process_time()
    while time.process_time() - start < seconds:
        pass
burn(0.3)
subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.4: pass"])
first = SPENT.cpu_s()
burn(0.2)
second = SPENT.cpu_s()
read, write = os.pipe()
if not os.fork():
    burn(0.1)
    os.write(write, json.dumps(SPENT.cpu_s()).encode())
    os._exit(0)
os.wait()
print(json.dumps([first, second, json.loads(os.read(read, 100)), SPENT.max_memory_MB()]))
"""


def test_no_second_is_counted_twice_and_a_forked_process_begins_at_zero():
    path = os.pathsep.join(sys.path)
    done = subprocess.run([sys.executable, "-c", SPEND], capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": path})
    first, second, forked, memory_MB = json.loads(done.stdout)
    assert first >= 0.65, "its own and its child's"
    assert 0.15 <= second < first
    assert 0.05 <= forked < 0.25
    assert 5 < memory_MB < 5000


def test_table_costs_of_earlier_studies_can_be_read():
    row = {"framework": "mace", "model": "m", "training_set": "n50", "seed": 2, "stage": "train", "wall_s": 1.0, "device": "cpu"}
    assert pd.isna(frame("costs", [row])["cpu_s"]).all()
