"""A training job of the study against the framework's own command on the same config, both in processes of their own."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from rounds import Side
from start_up import cpu_of_tree

from nnip.jobs import environments

ROOT = Path(__file__).resolve().parents[1]
WITHIN = 0.97
# options of the launcher that mace_run_train lacks
LAUNCHERS = ("trainable_bessel", "max_hours")


def sides(run: Path, scratch: Path) -> dict[str, Side]:
    """The ways to repeat a training of the study, ours first; a unit is the training. ValueError if they do not train as many epochs."""
    settings = yaml.safe_load((run / "settings.yaml").read_text(encoding="utf-8"))
    framework = settings["framework"]
    bare, check = bare_command(run, framework, scratch / "bare")
    job = our_job(run, settings, scratch / "ours")

    def theirs(n: int) -> None:
        for _ in range(n):
            bare()
            check()

    def ours(n: int) -> None:
        for _ in range(n):
            job()

    return {
        "ours": Side(ours, least=1, most=1),
        "the framework's own command on the same config": Side(theirs, WITHIN, "processes from their start to their end", least=1, most=1),
    }


def our_job(run: Path, settings: dict[str, Any], folder: Path) -> Callable[[], None]:
    """The script of rule train_model."""
    sets = run.parents[2] / "data" / "sets" / settings["training_set"]
    files = {"train": sets / "train.xyz", "val": sets / "val.xyz", "set-manifest": sets / "manifest.json"}
    options = [part for name, file in files.items() for part in (f"--{name}", str(file))]
    python = str(ROOT / environments.interpreter(settings["framework"]))
    command = [python, str(ROOT / "workflow/scripts/train_model.py"), "--settings", json.dumps(settings), *options, "--directory", str(folder)]

    def job() -> None:
        fresh(folder)
        cpu_of_tree(command, ROOT, {"PYTHONPATH": str(ROOT / "workflow"), "OMP_NUM_THREADS": "1"}, folder / "log")

    return job


def bare_command(run: Path, framework: str, folder: Path) -> tuple[Callable[[], None], Callable[[], None]]:
    """The framework's command with the config that the study wrote, less what is the study's own; and a check that it did the same epochs."""
    source = run / framework
    binary = ROOT / Path(environments.interpreter(framework)).parent
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if framework == "nequip":
        config = yaml.safe_load((source / "config.yaml").read_text(encoding="utf-8"))
        trainer = config["trainer"]
        trainer["callbacks"] = [callback for callback in trainer["callbacks"] if not callback["_target_"].startswith("nnip.")]
        name, command, log = "config.yaml", [str(binary / "nequip-train")], "csv/metrics.csv"
    else:
        config = yaml.safe_load((source / "mace.yaml").read_text(encoding="utf-8"))
        config = {key: value for key, value in config.items() if key not in LAUNCHERS}
        name, command, log = "mace.yaml", [str(binary / "mace_run_train"), "--config", "mace.yaml"], f"results/mace_run-{config['seed']}_train.txt"

    def bare() -> None:
        fresh(folder)
        (folder / name).write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        call(command, folder, environment, folder / "log")

    def check() -> None:
        lines = [(where / log).read_text(encoding="utf-8").count("\n") for where in (source, folder)]
        if lines[0] != lines[1]:
            raise ValueError(f"{framework}: the study's training has {lines[0]} lines of losses, the bare command's {lines[1]}: not the same work")

    return bare, check


def fresh(folder: Path) -> None:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def call(command: list[str], directory: Path, environment: dict[str, str], log: Path) -> None:
    """Run a command; RuntimeError with the end of its output if it fails."""
    with open(log, "wb") as file:
        status = subprocess.run(
            command, cwd=directory, env=environment | {"OMP_NUM_THREADS": "1"}, stdout=file, stderr=subprocess.STDOUT, check=False
        ).returncode
    if status:
        raise RuntimeError(f"{command[0]} failed: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
