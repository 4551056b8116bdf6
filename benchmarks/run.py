"""`make bench`: train one small model per framework, time the comparisons side by side, and write benchmarks/results/ and docs/performance.md."""

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import machine
import paper_size
import planning_curve
import records
import start_up
import threads
import training
import yaml
from rounds import compare

import report
from nnip.jobs import environments
from nnip.study.config import check_config
from nnip.study.manifest import read_manifest

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "benchmarks/bench.yaml"
FRAMEWORKS = ("nequip", "mace")
PARTS = ("md", "landscape", "training", "threads", "start-up", "curves", "planning", "paper")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="duration of one side in one round")
    parser.add_argument("--quick", action="store_true", help="one round of as few steps as possible: whether all runs, not how fast it is")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS[:-1], help="parts to measure; rows of the others stay")
    parser.add_argument("--frameworks", nargs="*", choices=FRAMEWORKS, default=FRAMEWORKS)
    parser.add_argument("--studies", nargs="*", default=["published"], help="studies whose start-up is measured; demo takes a quarter of an hour")
    parser.add_argument("--config", nargs="*", default=[], metavar="KEY=VALUE", help="of the bench's study: dataset=3bpa mirror=DIR device=cpu")
    parser.add_argument("--cores", default="all")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    environments.enter(next((entry.removeprefix("mirror=") for entry in arguments.config if entry.startswith("mirror=")), ""))
    cores = os.cpu_count() if arguments.cores == "all" else int(arguments.cores)
    rounds, seconds = (1, 0.0) if arguments.quick else (arguments.rounds, arguments.seconds)
    config = check_config(yaml.safe_load(CONFIG.read_text(encoding="utf-8")) | dict(entry.split("=", 1) for entry in arguments.config))
    results = ROOT / "results" / config["study"]
    runs = {framework: results / "runs" / f"{framework}.n{config['n_train']}.seed1" / "train" for framework in arguments.frameworks}
    make_models(arguments.config, cores, [results / "data/start/start.xyz", *(run / "manifest.json" for run in runs.values())])
    device = read_manifest(runs[arguments.frameworks[0]] / "manifest.json")["device"]
    kind = machine.kind(device)

    with tempfile.TemporaryDirectory() as scratch:
        for framework, run in runs.items():
            if inside := [part for part in arguments.only if part in ("md", "landscape", "curves")]:
                made = in_framework(framework, run, config, rounds, seconds, inside, Path(scratch) / f"{framework}.json")
                records.update(kind, "comparisons", made["rows"])
                records.update(kind, "curves", made["curves"])
            if "training" in arguments.only:
                common = {"framework": framework, "path": "plain", "work": "training", "unit": "training", "device": device, "threads": 1}
                sides = training.sides(run, Path(scratch) / framework)
                own = {"judged_by": "cpu" if device == "cpu" else "wall"}
                records.update(kind, "comparisons", compare(sides, {}, min(rounds, 3), 0.0, **common, **own))
            if "threads" in arguments.only and device == "cpu" and (cores or 1) > 1:
                common = {"framework": framework, "path": "plain", "device": device}
                command = in_environment(framework, "worker.py", run, config)
                records.update(kind, "comparisons", threads.rows(command, cores or 1, rounds, seconds, **common))
    if "start-up" in arguments.only:
        mirror = [entry for entry in arguments.config if entry.startswith("mirror=")]
        for study in arguments.studies:
            records.update(kind, "comparisons", [start_up.study_row(study, cores or 1, mirror)])
    if "planning" in arguments.only:
        records.update(kind, "curves", planning_curve.planned(short=arguments.quick))
    if "paper" in arguments.only:
        with tempfile.TemporaryDirectory() as scratch:
            frames = results / "data/sets" / f"n{config['n_train']}" / "train.xyz"
            for row in paper_size.rows(frames, device, Path(scratch)):
                records.update(kind, "paper", [row])
    report.write()


def make_models(config: Sequence[str], cores: int | None, targets: Sequence[Path]) -> None:
    """Train the models, as a study does, unless they are there; other code or settings make no other model, which timings need not."""
    options = [f"--configfile={CONFIG}", *(["--config", *config] if config else [])]
    command = [str(ROOT / ".venv/bin/snakemake"), "--workflow-profile=workflow/profiles/local", f"--cores={cores}", *options]
    command += ["--rerun-triggers", "mtime"]
    subprocess.run([*command, "--", *(str(target.relative_to(ROOT)) for target in targets)], cwd=ROOT, check=True)


def in_environment(framework: str, script: str, run: Path, config: dict[str, Any]) -> list[str]:
    """The command of a script of the bench in a framework's environment, for one trained model."""
    results = run.parents[2]
    options = {name: config[name] for name in ("md", "landscape")}
    options["landscape"] |= {"mode": config["landscape"]["modes"][0]}
    training_set = read_manifest(run / "manifest.json")["settings"]["training_set"]
    command = [str(ROOT / f".venv-bench/{framework}/bin/python"), str(ROOT / "benchmarks" / script), "--training", str(run)]
    command += ["--frames", str(results / f"data/sets/{training_set}/train.xyz"), "--start", str(results / "data/start/start.xyz")]
    return [*command, "--options", json.dumps(options)]


def in_framework(
    framework: str, run: Path, config: dict[str, Any], rounds: int, seconds: float, parts: Sequence[str], output: Path
) -> dict[str, list[dict[str, Any]]]:
    """The rows that one framework's environment measures in one process."""
    command = [*in_environment(framework, "in_framework.py", run, config), "--device", read_manifest(run / "manifest.json")["device"]]
    command += ["--rounds", str(rounds), "--seconds", str(seconds), "--output", str(output), "--only", *parts]
    subprocess.run(command, cwd=ROOT, env=environments.KEEP_MEMORY | os.environ, check=True)
    return json.loads(output.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
