"""The share of a study's CPU seconds that is spent before anything useful happens, measured from outside.

Useful is what the Python processes of jobs and of the frameworks' commands do outside the import system. All else is start-up: interpreters until
they are ready, imports wherever they happen, Snakemake with all its planning, shells. The total is what the operating system counts for Snakemake
and all its descendants. The way in which processes start makes no difference: a forked process counts from its fork.
"""

import contextlib
import ctypes
import os
import resource
import shutil
import struct
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rounds import COLUMNS, digits

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "workflow", "config", "envs", "benchmarks")
METER = "NNIP_BENCH_METER"
TO_REACH = 0.8
PR_SET_CHILD_SUBREAPER = 36


def study_row(study: str, cores: int, options: Sequence[str] = ()) -> dict[str, Any]:
    """The row of config/<study>.yaml, run once in a copy of the checkout with its environments; RuntimeError if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        copy, records = Path(folder) / "checkout", Path(folder) / "records"
        records.mkdir()
        copied(copy)
        load, wall = os.getloadavg()[0], time.monotonic()
        config = [f"--configfile=config/{study}.yaml", *(["--config", *options] if options else [])]
        command = [str(ROOT / ".venv/bin/snakemake"), "--workflow-profile=workflow/profiles/local", f"--cores={cores}", *config]
        total = cpu_of_tree(command, copy, {METER: str(records), "PYTHONPATH": str(copy / "workflow")}, Path(folder) / "log")
        return row(study, total, time.monotonic() - wall, cores, load, list(read_records(records)))


def copied(copy: Path) -> None:
    """The parts of the checkout that a study needs, its environments as links, and the meter where every Python of it looks for modules."""
    copy.mkdir()
    for part in PARTS:
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy2)(ROOT / part, copy / part)
    for environments in (".venv", ".venvs"):
        (copy / environments).symlink_to((ROOT / environments).resolve())
    shutil.copy2(ROOT / "benchmarks/meter/sitecustomize.py", copy / "workflow/sitecustomize.py")


def cpu_of_tree(command: Sequence[str], directory: Path, environment: dict[str, str], log: Path) -> float:
    """CPU seconds of a command and all its descendants, those that it leaves behind included; RuntimeError with the end of its output if it fails."""
    adopt, before = ctypes.CDLL(None).prctl, children_s()
    adopt(PR_SET_CHILD_SUBREAPER, 1)
    with open(log, "wb") as file:
        status = subprocess.run(command, cwd=directory, env=os.environ | environment, stdout=file, stderr=subprocess.STDOUT, check=False).returncode
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    adopt(PR_SET_CHILD_SUBREAPER, 0)
    if status:
        raise RuntimeError(f"{' '.join(command)} failed: {log.read_text(encoding='utf-8', errors='replace')[-3000:]}")
    return children_s() - before


def children_s() -> float:
    """CPU seconds of finished children and their finished children."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def read_records(folder: Path) -> Iterator[tuple[str, float, float, float]]:
    """Per Python process: its kind (snakemake or job), seconds until it was ready, in imports, in all else."""
    for file in folder.iterdir():
        content = file.read_bytes()
        arguments = content[24:].decode(errors="replace").split("\0")[:3]
        planning = any(Path(argument).name == "snakemake" for argument in arguments)
        yield ("snakemake" if planning else "job", *struct.unpack("3d", content[:24]))


def row(study: str, total_s: float, wall_s: float, cores: int, load: float, records: Sequence[tuple[str, float, float, float]]) -> dict[str, Any]:
    """The row: ours is the total, the other the useful seconds, so their ratio is the useful share."""
    seconds: Counter[str] = Counter()
    for kind, ready, importing, rest in records:
        seconds["interpreters"] += ready if kind == "job" else 0
        seconds["imports"] += importing if kind == "job" else 0
        seconds["useful" if kind == "job" else "Snakemake"] += rest if kind == "job" else ready + importing + rest
    useful = min(seconds["useful"], total_s)
    shells = total_s - sum(seconds.values())
    note = (
        f"{len(records)} Python processes; CPU seconds: useful {useful:.0f}, imports {seconds['imports']:.0f}, interpreters "
        f"{seconds['interpreters']:.0f}, Snakemake {seconds['Snakemake']:.0f}, other programs {max(shells, 0):.0f}"
    )
    made = dict.fromkeys(COLUMNS) | {"path": "", "framework": "", "work": f"study {study}", "against": "its useful CPU seconds", "unit": "study"}
    made |= {
        "rounds": 1,
        "ours_wall_s": digits(wall_s),
        "ours_cpu_s": digits(total_s),
        "other_cpu_s": digits(useful),
        "cpu_ratio": digits(useful / total_s),
    }
    return made | {"target": TO_REACH, "judged_by": "cpu", "device": "cpu", "threads": cores, "load_1min": digits(load), "note": note}
