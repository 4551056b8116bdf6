"""The paper's smallest and largest models of each framework: seconds of a training step, an epoch and a landscape point, by the study's own jobs.

Training in batches of one, landscapes over five frames. Each time is the difference of two jobs with different numbers of epochs or points, in CPU
seconds on a CPU and in wall seconds on a GPU, by the jobs' manifests. A job before the two, which is not counted, does what is slow the first time.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ase.io
import yaml
from rounds import digits

from nnip.jobs import environments
from nnip.study.config import check_config
from nnip.study.manifest import read_manifest
from nnip.study.model_table import load_models
from nnip.study.runs import list_runs, run_settings

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
# the models, and how many times as many epochs and points they need on a CPU: few of a small model's would be lost in the start-up
MODELS = {"2-layer": 1, "5-layer": 1, "v1_l0": 10, "v3_l3": 1}
N_TRAIN = 450  # of the paper
# training frames, epochs and points of the two jobs: on a GPU a step is so short that few would be lost in the start-up
LENGTHS = {"cpu": (4, (1, 2), (2, 10)), "cuda": (80, (1, 3), (5, 405))}
N_SCANNED = 5


def rows(frames_file: Path, device: str, scratch: Path) -> Iterator[dict[str, Any]]:
    """A row per model, with the first frames of a file."""
    config = check_config(yaml.safe_load((ROOT / "config/paper.yaml").read_text(encoding="utf-8")) | {"device": device})
    models = load_models(ROOT / config["models"])["models"]
    runs = {run.model: run for run in list_runs(config, models).values() if run.role == "main"}
    n = LENGTHS[device][0]
    frames = ase.io.read(frames_file, f":{n + 1}")
    files = {name: scratch / f"{name}.xyz" for name in ("train", "val", "scanned")}
    for name, part in (("train", frames[:n]), ("val", frames[n:]), ("scanned", frames[:N_SCANNED])):
        ase.io.write(files[name], part, format="extxyz")
    for model in MODELS:
        yield measure(run_settings(runs[model], config, models), config["landscape"], files, scratch / runs[model].name)


def job(interpreter: str, script: str, log: Path, written: Path, **arguments: Any) -> dict[str, Any]:
    """Run one script of the workflow that writes its manifest into a folder; the manifest. RuntimeError if it fails."""
    options = [part for name, value in arguments.items() for part in (f"--{name.replace('_', '-')}", value)]
    texts = [json.dumps(value) if isinstance(value, dict) else str(value) for value in options]
    with open(log, "wb") as file:
        command = [str(ROOT / interpreter), str(SCRIPTS / script), *texts, "--directory", str(written)]
        status = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False).returncode
    if status:
        raise RuntimeError(f"{script} failed: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
    return read_manifest(written / "manifest.json")


def each(short_s: float, long_s: float, n: int) -> float | None:
    """Seconds of one of the n things by which a job was longer than another; None if their start-up hides it."""
    return digits((long_s - short_s) / n) if long_s > short_s else None


def measure(settings: dict[str, Any], landscape: dict[str, Any], files: dict[str, Path], folder: Path) -> dict[str, Any]:
    """The row of one model."""
    python, device = environments.interpreter(settings["framework"]), settings["device"]
    # steps so small that every epoch improves: only an improved model is saved; steps of a second stage cost the same
    row = settings["hyperparameters"] | {"lr": 1e-5, "swa": None}
    n, *lengths = LENGTHS[device]
    times = MODELS[settings["model"]] if device == "cpu" else 1
    epochs, points = ((few, few + times * (many - few)) for few, many in lengths)
    trainings, scans = [], []
    for name, n_epochs in (("first", epochs[0]), ("short", epochs[0]), ("long", epochs[1])):
        directory = folder / name
        directory.mkdir(parents=True)
        own = settings | {"hyperparameters": row | {"epochs": n_epochs}}
        trained = job(python, "train_model.py", folder / "log", directory, settings=own, train=files["train"], val=files["val"])
        if trained["status"] != "ok":
            raise RuntimeError(f"{settings['run']} {trained['status']}: {trained['reason']}")
        trainings.append(trained)
    options = {
        "mode": "paper",
        "split": "train",
        "distance": landscape["distance"],
        "n_directions": 2,
        "n_frames": N_SCANNED,
        "frames_per_batch": N_SCANNED,
    }
    for name, n_points in (("first", points[0]), ("short", points[0]), ("long", points[1])):
        scan = {"name": "landscape", "settings": settings, "options": options | {"n_points": n_points}, "train_directory": directory}
        scans.append(job(python, "measure.py", folder / "log", folder / f"{name}-scan", **scan, frames=f"train={files['scanned']}"))
    spent = "cpu_s" if device == "cpu" else "wall_s"
    (short, long), (few, many) = ([made[spent] for made in jobs] for jobs in (trainings[1:], scans[1:]))
    step_s = each(short, long, n * (epochs[1] - epochs[0]))
    return {
        "framework": settings["framework"],
        "model": settings["model"],
        "n_parameters": trainings[0]["n_parameters"],
        "step_s": step_s,
        "epoch_s": digits(N_TRAIN * step_s) if step_s else None,
        "point_s": each(few, many, 2 * (points[1] - points[0])),
        "training_GB": digits(trainings[0]["max_memory_MB"] / 1000),
        "landscape_GB": digits(scans[0]["max_memory_MB"] / 1000),
        "device": device,
    }
