"""What a study costs is known before anything is trained, and its limits follow; limits make nothing again."""

import csv
import re

import pytest
from conftest import MODELS, Study, output, planned

from nnip.cost.calibration import read_calibration, write_calibration


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    study = Study(tmp_path_factory.mktemp("cost"))
    models = {name: MODELS["models"][name] for name in ("nequip-a", "mace-a", "mace-hot")}
    experiments = {
        framework: {"title": framework, "models": [name for name in models if name.startswith(framework)]} for framework in ("nequip", "mace")
    }
    study.write_models(MODELS | {"models": models, "experiments": experiments})
    return study


@pytest.fixture(scope="module")
def before(small):
    return limits(small.snakemake("-n"))


@pytest.fixture(scope="module")
def printed(small, before):
    run = small.snakemake("cost", "--quiet", "rules")
    assert run.returncode == 0, output(run)
    return run.stdout


def limits(run):
    """Training -> limit in minutes."""
    assert run.returncode == 0, output(run)
    return {name: int(minutes) for name, minutes in re.findall(r"Train (\S+): at most (\d+) min", output(run))}


def test_the_table_has_every_stage_before_anything_is_trained(small, printed):
    rows = {line.split("  ")[0]: line.split() for line in printed.splitlines() if "  " in line}
    assert {"data", "train", "errors", "landscape", "md", "tables and figures", "total"} <= set(rows)
    assert rows["train"][1:3] == ["6", "0"], "three models, two sizes"
    assert 0 < float(rows["train"][3]) < float(rows["total"][3]) < 1
    assert not (small.folder / "results/small/runs").exists() and not (small.folder / "results/small/data").exists()


def test_models_that_cost_the_same_are_measured_once(small, printed):
    calibration = read_calibration(small.folder / "results/small/cost/calibration.csv", "cpu")
    assert sorted(row.model for row in calibration.values()) == ["mace-a", "nequip-a"]
    for row in calibration.values():
        assert row.n_atoms == 9 and row.device == "cpu"
        assert min(row.start_s, row.command_s, row.step_s, row.evaluation_s, row.replica_s, row.job_MB, row.command_MB) > 0
    with open(small.folder / "results/small/cost/estimate.csv", newline="") as file:
        jobs = {row["job"]: row for row in csv.DictReader(file)}
    assert jobs["mace-a.n20.seed1/train"]["estimated_s"] == jobs["mace-hot.n20.seed1/train"]["estimated_s"]
    assert float(jobs["mace-a.n20.seed1/train"]["estimated_s"]) > float(jobs["mace-a.n10.seed1/train"]["estimated_s"])


def test_a_second_time_nothing_is_measured(small, printed):
    assert set(planned(small.snakemake("cost", "-n"))) == {"cost"}


def test_limits_follow_and_make_nothing_again(small, before, printed):
    target = "results/small/runs/mace-a.n10.seed1/train/manifest.json"
    run = small.snakemake(target)
    assert run.returncode == 0, output(run)
    file = small.folder / "results/small/cost/calibration.csv"
    slower = [type(row)(**vars(row) | {"step_s": 50.0}) for row in read_calibration(file, "cpu").values()]
    write_calibration(file, slower)
    after = limits(small.snakemake("-n"))
    # 12 epochs of 8 steps of 50 s are 80 minutes, times three
    assert after["nequip-a.n20.seed1"] >= 10 + 240 > before["nequip-a.n20.seed1"]
    assert "Nothing to be done" in output(small.snakemake(target, "-n")), "a limit is no parameter"
    file.write_text("a,b\n1,2\n")
    spoilt = small.snakemake("-n")
    assert "is not a calibration of this workflow" in output(spoilt) and "Traceback" not in output(spoilt)
    assert limits(spoilt)["nequip-a.n20.seed1"] == before["nequip-a.n20.seed1"]
