"""The cost of the paper's largest NequIP and MACE models on one CPU thread: training steps and landscape points with the study's own scripts.

usage, with the frames of any study or data set of C, H, N and O:
  PYTHONPATH=workflow .venv/bin/python benchmarks/paper_size.py MIRROR/3bpa/train_300K.xyz
It uses five frames: four for training in batches of one, and one for validation. For each model it prints the number of parameters, the CPU seconds
of a training step and of a landscape point over the five frames, and the peak memory of the jobs. Each time is the difference of two jobs with
different numbers of steps or points. Times depend on the machine.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import ase.io
import yaml

from nnip.jobs import environments
from nnip.study.config import check_config
from nnip.study.model_table import load_models
from nnip.study.runs import list_runs, run_settings

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"


def job(interpreter: str, script: str, log: Path, **arguments: Any) -> tuple[float, float]:
    """Run one script of the workflow; returns its CPU seconds and peak memory in GB, child processes included. RuntimeError if it fails."""
    options = [part for name, value in arguments.items() for part in (f"--{name.replace('_', '-')}", value)]
    texts = [json.dumps(value) if isinstance(value, dict) else str(value) for value in options]
    program = str(ROOT / interpreter)
    with open(log, "wb") as file:
        redirected = [(os.POSIX_SPAWN_DUP2, file.fileno(), 1), (os.POSIX_SPAWN_DUP2, file.fileno(), 2)]
        process = os.posix_spawn(program, [program, str(SCRIPTS / script), *texts], os.environ, file_actions=redirected)
        _, status, usage = os.wait4(process, 0)
    if status:
        raise RuntimeError(f"{script} failed: {log.read_text()[-2000:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20


def measure(settings: dict[str, Any], landscape: dict[str, Any], files: dict[str, Path], folder: Path) -> str:
    """One line of results for one model."""
    python = environments.interpreter(settings["framework"])
    # steps so small that every epoch improves: only an improved model is saved; steps of a second stage cost the same
    row = settings["hyperparameters"] | {"lr": 1e-5, "swa": None}
    trainings, scans = [], []
    for epochs in (1, 2):
        directory = folder / str(epochs)
        directory.mkdir(parents=True)
        own = settings | {"hyperparameters": row | {"epochs": epochs}}
        trainings.append(job(python, "train_model.py", folder / "log", settings=own, train=files["train"], val=files["val"], directory=directory))
        trained = json.loads((directory / "manifest.json").read_text())
        if trained["status"] != "ok":
            raise RuntimeError(f"{settings['run']} {trained['status']}: {trained['reason']}")
    for n_points in (3, 4):
        options = {
            "mode": "paper",
            "split": "train",
            "distance": landscape["distance"],
            "n_directions": 2,
            "n_points": n_points,
            "n_frames": 5,
            "frames_per_batch": 5,
        }
        scan = {"name": "landscape", "settings": settings, "options": options, "train_directory": directory, "frames": f"train={files['all']}"}
        scans.append(job(python, "measure.py", folder / "log", **scan, directory=folder / "scan"))
    (short, memory), (long, _) = trainings
    (few, memory_scan), (many, _) = scans
    return (
        f"{settings['framework']} {settings['model']}: {trained['n_parameters']} parameters; a training step of one frame {(long - short) / 4:.2f} s,"
        f" the job {memory:.1f} GB; a landscape point of five frames {(many - few) / 2:.2f} s, the job {memory_scan:.1f} GB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("frames", help="labelled frames, extxyz; the first five are used")
    parser.add_argument("--models", nargs="+", default=["5-layer", "v3_l3"], help="rows of config/models/paper.yaml")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    environments.enter("")
    config = check_config(yaml.safe_load((ROOT / "config/paper.yaml").read_text()) | {"device": "cpu"})
    models = load_models(ROOT / config["models"])["models"]
    runs = {run.model: run for run in list_runs(config, models).values() if run.role == "main"}
    frames = ase.io.read(arguments.frames, ":5")
    with tempfile.TemporaryDirectory() as scratch:
        files = {name: Path(scratch) / f"{name}.xyz" for name in ("train", "val", "all")}
        for name, part in (("train", frames[:4]), ("val", frames[4:]), ("all", frames)):
            ase.io.write(files[name], part, format="extxyz")
        for model in arguments.models:
            print(measure(run_settings(runs[model], config, models), config["landscape"], files, Path(scratch) / runs[model].name), flush=True)


if __name__ == "__main__":
    main()
