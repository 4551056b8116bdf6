"""The small study of tests/workflow through the SLURM profile, on a real SLURM of one node with two stand-in GPUs: `make test-cluster`.

The node's GPUs cannot compute. With `device: auto` jobs ask SLURM for one, are given it, and find that they have to use the CPU.
"""

import importlib.util
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
import yaml
from one_node_slurm import OneNodeSlurm, memory_can_be_limited, why_not

from nnip.data import split_names
from nnip.study import estimates, measured
from nnip.study.config import check_config
from nnip.study.model_table import load_models
from nnip.study.runs import list_runs
from nnip.study.tables import read_table

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("small_study", ROOT / "tests/workflow/conftest.py")
small_study = importlib.util.module_from_spec(spec)
spec.loader.exec_module(small_study)

pytestmark = [pytest.mark.slow, pytest.mark.skipif(why_not() is not None, reason=f"no SLURM can be started here: {why_not()}")]

SITE = {"partitions": {"cpu": {"max_runtime": 1440, "max_gpu": 0}, "gpu": {"max_runtime": 1440, "max_gpu": 2}}}
SHORTER_WAITS = ["--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10"]
TARGETS = ["results/small/summary.md", "results/small/tables/directions.csv"]
MODEL_RULES = {"train_model", "measure_md", "measure_landscape"}


class SlurmStudy(small_study.Study):
    """The small study with fewer models, run by the SLURM profile and what this site says about itself."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        models = {name: small_study.MODELS["models"][name] for name in ("nequip-a", "mace-a")}
        experiments = {row["framework"]: {"title": name, "models": [name]} for name, row in models.items()}
        self.write_models(small_study.MODELS | {"models": models, "experiments": experiments})
        self.write_config({"device": "auto"})
        (folder / "partitions.yaml").write_text(yaml.safe_dump(SITE))

    def on_slurm(self, slurm: OneNodeSlurm, *arguments: str) -> subprocess.CompletedProcess[str]:
        profile = ["--workflow-profile", str(ROOT / "workflow/profiles/slurm")]
        site = ["--slurm-partition-config", "partitions.yaml", "--slurm-status-command", "squeue"]
        command = [str(ROOT / ".venv/bin/snakemake"), "--snakefile", str(ROOT / "Snakefile"), "--configfile", str(self.config)]
        command += [*profile, *site, *SHORTER_WAITS, *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=self.folder, env=slurm.environment, check=False)


class Watch(threading.Thread):
    """squeue, once a second while there are running jobs: one line for each job and state."""

    def __init__(self, slurm: OneNodeSlurm) -> None:
        super().__init__(daemon=True)
        self.slurm, self.seen, self.over = slurm, {}, threading.Event()

    def run(self) -> None:
        while not self.over.wait(1):
            for line in self.slurm.queue().splitlines()[1:]:
                words = line.split()
                self.seen.setdefault((words[0], words[2]), line)

    def stop(self) -> str:
        self.over.set()
        self.join()
        return "\n".join(self.seen.values())


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    node = OneNodeSlurm(tmp_path_factory.mktemp("slurm"))
    try:
        node.start()
        yield node
    finally:
        node.stop()


@pytest.fixture(scope="module")
def ran(slurm, tmp_path_factory):
    study = SlurmStudy(tmp_path_factory.mktemp("cluster"))
    watch = Watch(slurm)
    watch.start()
    run = study.on_slurm(slurm, *TARGETS)
    print(study.folder, watch.stop(), sep="\n")
    study.squeue = "\n".join(watch.seen.values())
    assert run.returncode == 0, small_study.output(run)
    study.jobs = slurm.jobs()
    return study


def rule_of(job):
    """The rule in a job's comment: rule_<rule>_wildcards_<...>, or rule_<group>_<rule> of a group."""
    return job["Comment"].removeprefix("rule_").removeprefix("short_").split("_wildcards_")[0]


def by_rule(jobs):
    found = {}
    for job in jobs.values():
        found.setdefault(rule_of(job), []).append(job)
    return found


def test_models_go_to_the_gpus_and_the_rest_to_the_cpus(ran):
    jobs = by_rule(ran.jobs)
    assert {job["JobState"] for job in ran.jobs.values()} == {"COMPLETED"}
    on_gpus = {*MODEL_RULES, "measure_errors"}
    assert on_gpus | {"prepare_data"} <= set(jobs)
    assert not [rule for rule in jobs if rule.startswith(("draw_", "gather_", "make_", "write_"))], "these are made where snakemake runs"
    for rule, those in jobs.items():
        where = {(job["Partition"], job.get("TresPerJob")) for job in those}
        assert where == ({("gpu", "gres:gpu:1")} if rule in on_gpus else {("cpu", None)}), rule
    assert [job["NumCPUs"] for job in jobs["prepare_data"]] == ["8"]


def test_short_jobs_share_a_submission(ran):
    jobs = by_rule(ran.jobs)
    n_runs = len(list((ran.folder / "results/small/runs").glob("*/errors/errors.csv")))
    assert n_runs > len(jobs["measure_errors"])
    assert len(jobs["train_model"]) == n_runs


def limits(rule, run, config, models):
    """Minutes and megabytes that a job of a rule is given in its first attempt."""
    dataset = config["datasets"][config["dataset"]]
    given = (run, config, models, estimates.atoms_expected(dataset))
    if rule == "train_model":
        return estimates.training_minutes(*given), estimates.training_megabytes(*given)
    name = rule.removeprefix("measure_")
    options = next(iter(measured.jobs(name, config, {run.name: run}).values())).options
    evaluations = measured.module(name).cost(options, estimates.frames_expected(dataset, len(split_names(dataset)), config["n_train"]))
    return estimates.measurement_minutes(estimates.Work(evaluations, 0, False), *given), estimates.measurement_megabytes(
        measured.module(name).frames_at_once(options), *given
    )


def test_every_job_asked_for_the_time_and_memory_of_its_sizes(ran):
    config = check_config(yaml.safe_load(ran.config.read_text()), "study.yaml")
    models = load_models(config["models"])["models"]
    runs = list_runs(config, models)
    jobs = by_rule(ran.jobs)
    for rule in MODEL_RULES:
        assert jobs[rule], rule
        for job in jobs[rule]:
            run = next(run for name, run in runs.items() if name in job["Comment"])
            minutes, asked_mb = limits(rule, run, config, models)
            assert job["TimeLimit"] == f"00:{minutes:02d}:00"
            assert f"mem={asked_mb}M" in job["TRES"] or f"mem={asked_mb / 1024:g}G" in job["TRES"], job["TRES"]


def test_jobs_were_seen_running_on_their_gpus(ran):
    running = [line for line in ran.squeue.splitlines() if "RUNNING" in line]
    assert any("train_model" in line and " gpu " in line for line in running), ran.squeue


SPENT = {"trainings": ["wall_s"], "costs": ["wall_s", "cpu_s", "max_memory_MB", "estimated_s", "estimated_MB"]}


def test_tables_are_those_of_a_local_run(ran, tmp_path):
    local = SlurmStudy(tmp_path)
    run = local.snakemake(*TARGETS)
    assert run.returncode == 0, small_study.output(run)
    ours, theirs = (study.folder / "results/small/tables" for study in (local, ran))
    names = sorted(path.stem for path in ours.glob("*.csv"))
    assert names == sorted(path.stem for path in theirs.glob("*.csv"))
    for name in names:
        if name in SPENT:
            # what a job took is not the same twice; all else is
            tables = [read_table(name, folder / f"{name}.csv").drop(columns=SPENT[name]) for folder in (ours, theirs)]
            assert tables[0].equals(tables[1]), name
        else:
            assert (ours / f"{name}.csv").read_bytes() == (theirs / f"{name}.csv").read_bytes(), name


@pytest.mark.skipif(not memory_can_be_limited(), reason="memory limits need cgroups (version 1) that this user can make")
def test_a_job_out_of_memory_is_given_more_and_ends_the_same(ran, slurm):
    """And shares a GPU with others, as docs/cluster.md says."""
    lost = next((ran.folder / "results/small/runs").glob("mace-a.n20.*/md/failures.csv"))
    before, earlier = lost.read_bytes(), set(slurm.jobs())
    shutil.rmtree(lost.parent)
    asked = ["mem_mb=350 * 3 ** (attempt - 1)", "gpu=0", "gres=shard:1", "slurm_partition=gpu"]
    run = ran.on_slurm(slurm, str(lost.relative_to(ran.folder)), "--set-resources", *(f"measure_md:{each}" for each in asked))
    print(small_study.output(run))
    assert run.returncode == 0, small_study.output(run)
    attempts = [job for number, job in sorted(slurm.jobs().items()) if number not in earlier and rule_of(job) == "measure_md"]
    assert [job["TRES"].split(",")[1] for job in attempts] == ["mem=350M", "mem=1050M"]
    assert [(job["Partition"], job["TresPerNode"]) for job in attempts] == [("gpu", "gres:shard:1")] * 2
    # SLURM calls the job failed and its step out of memory; the log of a failed job is kept
    assert attempts[0]["JobState"] in ("OUT_OF_MEMORY", "FAILED")
    assert attempts[1]["JobState"] == "COMPLETED"
    said = "".join(log.read_text() for log in (ran.folder / "logs/slurm/rule_measure_md").rglob(f"{attempts[0]['JobId']}.log"))
    assert re.search("oom.kill|out of memory", said, re.IGNORECASE), said
    assert lost.read_bytes() == before
