"""A small study of both frameworks in its own folder, run by the same command after every fault."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import yaml
from comparison import differences
from running import PATIENCE_S, Outcome, Running

from nnip.jobs.environments import environment, interpreter

ROOT = Path(__file__).resolve().parents[2]
STUDY = "small"
MODELS = {
    "defaults": {"layers": 1, "features": 4, "radial_mlp": [8], "epochs": 10, "batch_size": 2, "lr": 0.02, "ema_decay": None},
    "models": {"nequip-a": {"framework": "nequip"}, "mace-a": {"framework": "mace"}},
    "experiments": {name: {"title": name, "models": [f"{name}-a"]} for name in ("nequip", "mace")},
}
CONFIG = {
    "study": STUDY,
    "seed": 7,
    "dataset": "ethanol",
    "datasets": {"ethanol": {"source": "xtb", "smiles": "CCO", "test_temperatures_K": [300], "n_test": 6, "frames_per_chunk": 4}},
    "device": "cpu",
    "n_train": 20,
    "validation_fraction": 0.2,
    "learning_curve": [],
    "checkpoint_minutes": 0,
    "landscape": {"modes": ["isotropic"], "n_directions": 3, "n_points": 5, "n_frames": 6},
    "planes": {"models": ["nequip-a", "mace-a"], "n_points": 5, "n_frames": 4},
    # bonds may stretch far, so that a poor model's replicas live long enough to be killed
    "md": {"n_replicas": 3, "duration_fs": 60, "max_bond_A": 20, "record_every_fs": 20},
    "statistics": {"n_bootstrap": 100, "n_permutation": 100},
}
TABLES = (
    "trainings",
    "errors",
    "landscape",
    "directions",
    "planes",
    "failures",
    "md_start",
    "temperatures",
    "entropy",
    "survival",
    "predictors",
    "outcomes",
)
GATHERED = {
    "train": ("trainings",),
    "errors": ("errors",),
    "landscape-isotropic": ("landscape", "directions"),
    "planes": ("planes",),
    "md": ("failures", "md_start", "temperatures"),
}
FIGURE = "kaplan_meier_mace.png"


class Bench:
    """The study's folder `study`, copied from the undisturbed one for every fault, and the functions that faults use."""

    def __init__(self, scratch: Path, random: Random) -> None:
        self.scratch, self.random = scratch, random
        self.folder, self.undisturbed = scratch / "study", scratch / "undisturbed"
        self.repository, self.code = scratch / "repository", scratch / "code"
        self.results = self.folder / "results" / STUDY
        self.config: dict[str, Any] = {}
        self.environment: dict[str, str] = {}
        self.targets: list[str] = []
        self.profile: list[str] = []
        self.compare: Callable[[], list[str]] = list
        self.n_runs = 0

    def prepare(self) -> Outcome | None:
        """Make the undisturbed study once; None if it exists already. The code that runs is a copy, so that faults can change it."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        if not self.code.exists():
            self._copy_code()
        if self.undisturbed.exists():
            return None
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self._reset()
        outcome = self.run()
        if outcome.status:
            raise SystemExit(f"the undisturbed study did not complete:\n{outcome.output}")
        shutil.copytree(self.folder, self.scratch / "copying", symlinks=True)
        (self.scratch / "copying").rename(self.undisturbed)
        return outcome

    def _copy_code(self) -> None:
        copy = self.scratch / "copying-code"
        shutil.rmtree(copy, ignore_errors=True)
        for name in ("workflow", "envs"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy2(ROOT / "Snakefile", copy / "Snakefile")
        copy.rename(self.code)

    def restore(self) -> None:
        """The finished, undisturbed study again, its own config, and the code that made it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.undisturbed, self.folder, symlinks=True)
        self._reset()

    def _reset(self) -> None:
        shutil.rmtree(self.repository, ignore_errors=True)
        shutil.copytree(self.code, self.repository)
        self.environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.targets = [f"results/{STUDY}/tables/{name}.csv" for name in TABLES] + [f"results/{STUDY}/figures/{FIGURE}"]
        self.profile = ["local", "--cores", "2"]
        self.compare = lambda: differences(self.results / "tables", self.undisturbed / "results" / STUDY / "tables")
        (self.folder / "models.yaml").write_text(yaml.safe_dump(MODELS))
        self.configure()

    def configure(self, **change: Any) -> None:
        """Write the config, with some keys changed."""
        for framework in ("nequip", "mace"):
            if not (program := self.own_interpreter(framework)).exists():
                program.parent.mkdir(parents=True, exist_ok=True)
                program.write_text(f'#!/bin/sh\nexec {shlex.quote(str(ROOT / interpreter(framework)))} "$@"\n')
                program.chmod(0o755)
        if not (ready := self.folder / environment("mace") / ".ready").exists():
            ready.touch()
        self.config = CONFIG | {"models": "models.yaml", "python": {"nequip": "./python-nequip"}} | change
        (self.folder / "study.yaml").write_text(yaml.safe_dump(self.config))

    # the command

    def start(self, *more: str) -> Running:
        """Start the one command of the campaign."""
        self.n_runs += 1
        command = [sys.executable, "-m", "snakemake", *self.targets, "--snakefile", str(self.repository / "Snakefile"), "--configfile", "study.yaml"]
        command += ["--workflow-profile", str(self.repository / "workflow/profiles" / self.profile[0]), *self.profile[1:], *more]
        return Running(command, self.folder, self.environment, self.scratch / f"run-{self.n_runs:03d}.txt")

    def run(self, *more: str) -> Outcome:
        """The command, to its end."""
        return self.start(*more).end()

    # what faults do

    def ask_for(self, *tables: str) -> None:
        """Let the command make only these tables; the errors, to the last digit, show whether a training is the same; all tables depend on it."""
        self.targets = [f"results/{STUDY}/tables/{name}.csv" for name in tables]

    def lose(self, *patterns: str) -> None:
        """Remove results as if they had never been made, and the study's tables that are gathered from them: only what is asked for is made again."""
        for path in self.found(*patterns):
            stage = (path.relative_to(self.results).parts[2:3] or ("train",))[0]
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            for table in GATHERED.get(stage, ()) if path.is_relative_to(self.results / "runs") else ():
                (self.results / "tables" / f"{table}.csv").unlink(missing_ok=True)

    def found(self, *patterns: str) -> list[Path]:
        """Results by their names."""
        found = [path for pattern in patterns for path in sorted(self.results.glob(pattern))]
        assert found, f"nothing is named {patterns}: the fault would do nothing"
        return found

    def found_now(self, pattern: str) -> list[Path]:
        """Results by their name, none if there are none yet."""
        return sorted(self.results.glob(pattern))

    def model_file(self, model: str) -> str:
        """The name of a trained model's file under the results."""
        (manifest,) = self.found(f"runs/{model}.*/train/manifest.json")
        return str((manifest.parent / json.loads(manifest.read_text())["model_file"]).relative_to(self.results))

    def own_interpreter(self, framework: str) -> Path:
        """A framework's Python, a script that is the study's own: NequIP's is named in the config, MACE's stands where the workflow makes one."""
        return self.folder / (interpreter(framework) if framework == "mace" else f"python-{framework}")

    def places(self) -> dict[str, str]:
        """Folders of this machine, and what to write for them."""
        return {f"{self.folder}/": "", f"{self.repository}/": "", "../repository/": "", f"{self.scratch}/": "", f"{ROOT}/": ""}

    def fill(self, name: str) -> None:
        """Fill the results' disk to the last byte."""
        with contextlib.suppress(OSError), open(self.folder / "results" / name, "wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass

    def until(self, condition: Callable[[], Any], running: Running) -> Any:
        """Wait until the condition gives something, then for a random moment; its value after that."""
        end = time.monotonic() + PATIENCE_S / 2
        while not condition():
            if running.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the moment for the fault never came")
            time.sleep(0.02)
        time.sleep(self.random.uniform(0, 0.3))
        return condition()

    def job(self, *words: str) -> list[int]:
        """Python processes at work in the study's folder whose command line has all the words, oldest first."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                inside = (entry / "cwd").readlink().is_relative_to(self.folder)
                if inside and "python" in Path(line[0]).name and all(word in " ".join(line) for word in words):
                    found.append(int(entry.name))
        return sorted(found)

    def kill_job(self, running: Running, *words: str, after: str | None = None, number: int = signal.SIGKILL) -> Outcome:
        """Kill one process of a job (the oldest that the words name) once results `after` exist; the rest of the run continues."""
        if after:
            self.until(lambda: self.found_now(after), running)
        for pid in self.until(lambda: self.job(*words), running)[:1]:
            os.kill(pid, number)
        return running.end()

    @contextlib.contextmanager
    def small_disk(self, spare_kB: int) -> Iterator[Callable[[], None]]:
        """The results on a separate disk with little space left; yields a function that makes more space."""
        aside = self.scratch / "aside"
        results = self.folder / "results"
        results.rename(aside)
        results.mkdir()
        mount("-t", "tmpfs", "-o", "size=1g", "tmpfs", str(results))
        try:
            shutil.copytree(aside, results, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(aside)
            disk = os.statvfs(results)
            used_kB = (disk.f_blocks - disk.f_bfree) * disk.f_frsize // 1024
            mount("-o", f"remount,size={used_kB + spare_kB}k", str(results))
            yield lambda: mount("-o", "remount,size=1g", str(results))
        finally:
            subprocess.run(["umount", "--lazy", str(results)], check=True)

    def leftovers(self) -> list[int]:
        """Processes that outlived every run in the folder."""
        return self.job()

    def sweep(self) -> None:
        """End what a fault left behind."""
        for pid in self.leftovers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def write_line(path: Path, record: dict[str, Any]) -> None:
    """Add a record to a file of JSON lines, on the disk when this returns."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(record, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
