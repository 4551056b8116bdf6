"""The faults: each a function whose docstring says in one sentence what happens.

A fault is a generator: it does its harm to the bench and yields the outcome of the command that met it. Where the command cannot complete before
somebody mends the cause, it goes on from there: mends it, and yields in words what had to be done.
"""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from bench import ROOT, Bench, Outcome, mount

Inject = Callable[[Bench], Generator[Outcome | str, None, None]]
YEAR_S = 365 * 24 * 3600
MIRROR = ROOT.parent / "shared" / "mirror"


class NotHereError(Exception):
    """The fault cannot be made on this machine, for the reason given."""


@dataclass(frozen=True)
class Fault:
    """One fault; lasts: the cause stays until it is mended, so that the command is not even tried before."""

    name: str
    kind: str
    sentence: str
    inject: Inject
    lasts: bool


FAULTS: list[Fault] = []


def fault(kind: str, lasts: bool = False) -> Callable[[Inject], Inject]:
    """Put a function into the catalogue."""

    def add(inject: Inject) -> Inject:
        FAULTS.append(Fault(inject.__name__.replace("_", "-"), kind, " ".join((inject.__doc__ or "").split()), inject, lasts))
        return inject

    return add


# processes of jobs

JOB = "a job's process is killed"


@fault(JOB)
def nequip_training_killed(bench):
    """SIGKILL to a NequIP training after its first checkpoint."""
    bench.lose("runs/nequip-a*/train")
    yield bench.kill_job(bench.start(), "train_model.py", after="runs/nequip-a*/train/checkpoints/*.pt")


@fault(JOB)
def mace_training_killed(bench):
    """SIGKILL to a MACE training after its first checkpoint."""
    bench.lose("runs/mace-a*/train")
    yield bench.kill_job(bench.start(), "train_model.py", after="runs/mace-a*/train/checkpoints/*.pt")


@fault(JOB)
def nequip_command_killed(bench):
    """SIGKILL to the nequip-train command inside a training, after its first checkpoint."""
    bench.ask_for("trainings", "errors")
    bench.lose("runs/nequip-a*/train")
    yield bench.kill_job(bench.start(), "nequip-train", after="runs/nequip-a*/train/checkpoints/*.pt")


@fault(JOB)
def mace_command_killed(bench):
    """SIGKILL to the mace command inside a training, after its first checkpoint."""
    bench.ask_for("trainings", "errors")
    bench.lose("runs/mace-a*/train")
    yield bench.kill_job(bench.start(), "mace.launcher", after="runs/mace-a*/train/checkpoints/*.pt")


@fault(JOB)
def mace_command_killed_twice(bench):
    """SIGKILL to the mace command inside a training, and again to the one that is started in its place, both before any checkpoint."""
    bench.ask_for("trainings", "errors")
    bench.lose("runs/mace-a*/train")
    running = bench.start()
    first = bench.until(lambda: bench.job("mace.launcher"), running)[0]
    os.kill(first, signal.SIGKILL)
    second = bench.until(lambda: [pid for pid in bench.job("mace.launcher") if pid != first], running)[0]
    os.kill(second, signal.SIGKILL)
    yield running.end()
    bench.lose("runs/mace-a*/train")
    yield "the folder of the training that table trainings calls failed is removed"


@fault(JOB)
def evaluation_killed(bench):
    """SIGKILL to the evaluation of a model."""
    bench.lose("runs/mace-a*/evaluate")
    yield bench.kill_job(bench.start(), "evaluate_model.py")


@fault(JOB)
def landscape_killed(bench):
    """SIGKILL to a landscape after its first line."""
    bench.lose("runs/nequip-a*/landscape-isotropic")
    yield bench.kill_job(bench.start(), "scan_landscape.py", after="runs/nequip-a*/landscape-isotropic/checkpoints/*.pt")


@fault(JOB)
def plane_killed(bench):
    """SIGKILL to a plane after its first row."""
    bench.lose("runs/mace-a*/plane")
    yield bench.kill_job(bench.start(), "scan_plane.py", after="runs/mace-a*/plane/checkpoints/*.pt")


@fault(JOB)
def nequip_md_killed(bench):
    """SIGKILL to the MD of a NequIP model on its way."""
    bench.lose("runs/nequip-a*/md")
    yield bench.kill_job(bench.start(), "run_md.py", after="runs/nequip-a*/md/checkpoints/*.pt")


@fault(JOB)
def mace_md_told_to_end(bench):
    """SIGTERM to the MD of a MACE model, as a batch system sends at the end of the wall time."""
    bench.lose("runs/mace-a*/md")
    yield bench.kill_job(bench.start(), "run_md.py", after="runs/mace-a*/md/checkpoints/*.pt", number=signal.SIGTERM)


@fault(JOB)
def md_out_of_memory(bench):
    """The MD of a MACE model gets no more memory (its limit is set to what it has)."""
    bench.lose("runs/mace-a*/md")
    running = bench.start()
    bench.until(lambda: bench.found_now("runs/mace-a*/md/checkpoints/*.pt"), running)
    for pid in bench.job("run_md.py")[:1]:
        resource.prlimit(pid, resource.RLIMIT_AS, (1, 1))
    yield running.end()


@fault(JOB)
def table_job_killed(bench):
    """SIGKILL to the job that gathers a table from the runs."""
    bench.lose("tables/landscape.csv")
    yield bench.kill_job(bench.start(), "gather_table.py")


@fault(JOB)
def statistics_job_killed(bench):
    """SIGKILL to the job that computes survival curves."""
    bench.lose("tables/survival.csv")
    yield bench.kill_job(bench.start(), "make_survival.py")


@fault(JOB)
def figure_job_killed(bench):
    """SIGKILL to the job that draws a figure."""
    bench.lose("figures/*")
    yield bench.kill_job(bench.start(), "draw_kaplan_meier.py")


# the workflow

RUN = "the whole run is stopped"
UNLOCK = "the same command with `--unlock` once, as the message says"


def unlock(bench: Bench) -> str:
    bench.run("--unlock")
    return UNLOCK


@fault(RUN)
def snakemake_told_to_end(bench):
    """SIGTERM to snakemake while an MD runs."""
    bench.lose("runs/nequip-a*/md")
    running = bench.start()
    bench.until(lambda: bench.found_now("runs/nequip-a*/md/checkpoints/*.pt"), running)
    running.send(signal.SIGTERM)
    yield running.end()


@fault(RUN)
def control_c(bench):
    """Ctrl-C in the terminal (SIGINT to snakemake and all its jobs) while a model trains."""
    bench.ask_for("trainings", "errors")
    bench.lose("runs/nequip-a*/train")
    running = bench.start()
    bench.until(lambda: bench.found_now("runs/nequip-a*/train/checkpoints/*.pt"), running)
    running.send(signal.SIGINT, whole_group=True)
    yield running.end()
    yield unlock(bench)


@fault(RUN)
def terminal_closed(bench):
    """The terminal is closed (SIGHUP to snakemake and all its jobs) while a landscape is scanned."""
    bench.lose("runs/nequip-a*/landscape-isotropic")
    running = bench.start()
    bench.until(lambda: bench.found_now("runs/nequip-a*/landscape-isotropic/checkpoints/*.pt"), running)
    running.send(signal.SIGHUP, whole_group=True)
    yield running.end()
    yield unlock(bench)


@fault(RUN)
def machine_stops(bench):
    """All processes die at once (SIGKILL to snakemake and all its jobs), as in a power failure, while an MD runs."""
    bench.lose("runs/mace-a*/md")
    running = bench.start()
    bench.until(lambda: bench.found_now("runs/mace-a*/md/checkpoints/*.pt"), running)
    running.send(signal.SIGKILL, whole_group=True)
    yield running.end()
    yield unlock(bench)


@fault(RUN)
def machine_stops_in_data(bench):
    """All processes die at once while the frames are made."""
    bench.ask_for("trainings", "errors")
    bench.lose("data", "runs", "tables", "figures")
    running = bench.start()
    bench.until(lambda: bench.found_now("data/chunks/*.json"), running)
    running.send(signal.SIGKILL, whole_group=True)
    yield running.end()
    yield unlock(bench)


@fault(RUN)
def snakemake_killed(bench):
    """SIGKILL to snakemake alone while an MD runs, which outlives it; the command is given again at once."""
    bench.lose("runs/nequip-a*/md")
    running = bench.start()
    bench.until(lambda: bench.found_now("runs/nequip-a*/md/checkpoints/*.pt"), running)
    running.send(signal.SIGKILL)
    yield running.end()
    yield unlock(bench)


@fault(RUN)
def snakemake_killed_at_tables(bench):
    """SIGKILL to snakemake alone while it makes tables."""
    bench.lose("tables/*.csv")
    running = bench.start()
    bench.until(lambda: bench.job("gather_table.py"), running)
    running.send(signal.SIGKILL)
    yield running.end()
    yield unlock(bench)


@fault(RUN)
def two_at_once(bench):
    """The command is given a second time while the first still runs."""
    bench.lose("runs/mace-a*/md")
    first = bench.start()
    bench.until(lambda: bench.job("run_md.py"), first)
    second = bench.run()
    assert second.status != 0, "two runs at once were let in"
    assert first.end().status == 0, "the second run disturbed the first"
    yield second


# disks

DISK = "the disk"


@fault(DISK, lasts=True)
def disk_full_in_training(bench):
    """The disk fills up while a model trains."""
    bench.ask_for("trainings", "errors")
    bench.lose("runs/mace-a*/train")
    with bench.small_disk(60) as enlarge:
        yield bench.run()
        enlarge()
        yield "space is made"


@fault(DISK, lasts=True)
def disk_full_in_md(bench):
    """The disk is full when an MD starts."""
    bench.lose("runs/nequip-a*/md")
    with bench.small_disk(0) as enlarge:
        yield bench.run()
        enlarge()
        yield "space is made"


@fault(DISK, lasts=True)
def disk_full_at_tables(bench):
    """The disk is full when tables and figures are made."""
    bench.lose("tables/*.csv", "figures/*")
    with bench.small_disk(0) as enlarge:
        yield bench.run()
        enlarge()
        yield "space is made"


@fault(DISK, lasts=True)
def disk_full_for_checkpoints(bench):
    """The disk is full of something else while a landscape is scanned, and has space again when it ends."""
    bench.lose("runs/mace-a*/landscape-isotropic")
    with bench.small_disk(2000) as enlarge:
        running = bench.start()
        bench.until(lambda: bench.found_now("runs/mace-a*/landscape-isotropic/checkpoints/*.pt"), running)
        bench.fill("filler")
        time.sleep(1)
        (bench.folder / "results" / "filler").unlink()
        yield running.end()
        enlarge()
        yield "space is made"


@fault(DISK, lasts=True)
def results_read_only(bench):
    """The results are on a disk that is mounted read-only."""
    bench.lose("runs/mace-a*/evaluate")
    results = str(bench.folder / "results")
    mount("--bind", results, results)
    try:
        mount("-o", "remount,bind,ro", results)
        yield bench.run()
    finally:
        subprocess.run(["umount", results], check=True)
    yield "the disk is mounted for writing"


# files

FILES = "files are damaged"


def cut_checkpoints(bench: Bench, start: str, folder: str, damage: Callable[[Path], object], which: int) -> Outcome:
    """Kill all of a run once a job has two checkpoints, damage the newest `which` of them, run again."""
    running = bench.start()
    bench.until(lambda: len(bench.found_now(f"{folder}/checkpoints/*.pt")) > 1, running)
    running.send(signal.SIGKILL, whole_group=True)
    running.end()
    files = sorted(bench.results.glob(f"{folder}/checkpoints/[0-9]*.pt"), reverse=True)
    assert files, f"no checkpoint of {start} is left to damage"
    for file in files[:which]:
        damage(file)
    return bench.run()


@fault(FILES)
def checkpoint_truncated(bench):
    """The newest checkpoint of a MACE training is cut in half after a power failure."""
    bench.ask_for("trainings", "errors")
    bench.lose("runs/mace-a*/train")
    yield cut_checkpoints(bench, "a training", "runs/mace-a*/train", lambda file: os.truncate(file, file.stat().st_size // 2), 1)


@fault(FILES)
def checkpoint_garbage(bench):
    """The newest checkpoint of a NequIP training is full of random bytes after a power failure."""
    bench.ask_for("trainings", "errors")
    bench.lose("runs/nequip-a*/train")
    noise = bench.random.randbytes(4096)
    yield cut_checkpoints(bench, "a training", "runs/nequip-a*/train", lambda file: file.write_bytes(noise), 1)


@fault(FILES)
def checkpoints_emptied(bench):
    """All checkpoints of an MD are empty after a power failure."""
    bench.lose("runs/mace-a*/md")
    yield cut_checkpoints(bench, "an MD", "runs/mace-a*/md", lambda file: file.write_bytes(b""), 99)


def damaged(bench: Bench, pattern: str, change: Callable[[bytes], bytes]) -> Path:
    """Change the content of a result."""
    (path,) = bench.found(pattern)
    before = path.read_bytes()
    path.write_bytes(change(before))
    assert path.read_bytes() != before, "nothing was damaged"
    return path


def made_anew(bench: Bench, *patterns: str) -> str:
    bench.lose(*patterns)
    return ", ".join(f"`{pattern}`" for pattern in patterns) + " is removed"


@fault(FILES)
def table_of_a_run_truncated(bench):
    """A run's landscape is cut in the middle of a line."""
    damaged(bench, "runs/mace-a*/landscape-isotropic/landscape.csv", lambda content: content[: len(content) // 2 - 3].rstrip(b"\n"))
    yield bench.run()
    yield made_anew(bench, "runs/mace-a*/landscape-isotropic/landscape.csv")


@fault(FILES)
def table_of_a_run_cut_at_a_line(bench):
    """A run's landscape has lost its last lines; those it has are whole."""
    damaged(bench, "runs/nequip-a*/landscape-isotropic/landscape.csv", lambda content: b"".join(content.splitlines(keepends=True)[:-3]))
    yield bench.run()
    yield made_anew(bench, "runs/nequip-a*/landscape-isotropic/landscape.csv")


@fault(FILES)
def table_of_a_run_emptied(bench):
    """A run's times to failure are an empty file."""
    damaged(bench, "runs/mace-a*/md/failures.csv", lambda content: b"")
    yield bench.run()
    yield made_anew(bench, "runs/mace-a*/md/failures.csv")


@fault(FILES)
def table_of_a_run_deleted(bench):
    """A run's errors are deleted."""
    bench.lose("runs/nequip-a*/evaluate/errors.csv")
    yield bench.run()


@fault(FILES)
def table_of_a_run_with_nan(bench):
    """A number of a run's errors is NaN."""
    damaged(bench, "runs/mace-a*/evaluate/errors.csv", lambda content: content.rstrip().rpartition(b",")[0] + b",NaN\n")
    yield bench.run()
    yield made_anew(bench, "runs/mace-a*/evaluate/errors.csv")


@fault(FILES)
def table_of_a_run_without_a_column(bench):
    """A run's errors have lost their last column."""
    damaged(bench, "runs/mace-a*/evaluate/errors.csv", lambda content: b"".join(line.rpartition(b",")[0] + b"\n" for line in content.splitlines()))
    yield bench.run()
    yield made_anew(bench, "runs/mace-a*/evaluate/errors.csv")


def another_digit(content: bytes) -> bytes:
    """Another last digit in the last line."""
    place = max(content.rfind(b"%d" % digit) for digit in range(10))
    return content[:place] + b"%d" % ((int(content[place : place + 1]) + 1) % 10) + content[place + 1 :]


@fault(FILES)
def digit_of_a_run_changed(bench):
    """A digit of a run's landscape is changed by hand."""
    damaged(bench, "runs/mace-a*/landscape-isotropic/landscape.csv", another_digit)
    yield bench.run()
    yield made_anew(bench, "runs/mace-a*/landscape-isotropic/landscape.csv")


@fault(FILES)
def digit_of_a_study_table_changed(bench):
    """A digit of the study's gathered landscapes is changed by hand."""
    damaged(bench, "tables/landscape.csv", another_digit)
    yield bench.run()
    yield made_anew(bench, "tables/landscape.csv")


@fault(FILES)
def study_table_truncated(bench):
    """The study's gathered landscapes are cut in the middle of a line."""
    damaged(bench, "tables/landscape.csv", lambda content: content[: len(content) // 2 - 3].rstrip(b"\n"))
    yield bench.run()
    yield made_anew(bench, "tables/landscape.csv")


@fault(FILES)
def manifest_of_a_training_deleted(bench):
    """The manifest of a training is deleted."""
    bench.ask_for("trainings", "errors")
    bench.lose("runs/nequip-a*/train/manifest.json")
    yield bench.run()


@fault(FILES)
def manifest_of_a_training_truncated(bench):
    """The manifest of a training is cut in half."""
    bench.ask_for("trainings", "errors")
    damaged(bench, "runs/mace-a*/train/manifest.json", lambda content: content[: len(content) // 2])
    yield bench.run()
    yield made_anew(bench, "runs/mace-a*/train/manifest.json")


@fault(FILES)
def model_file_changed(bench):
    """One byte of a trained model is flipped when its MD is still to be run."""
    bench.lose("runs/mace-a*/md")
    damaged(bench, bench.model_file("mace-a"), flipped)
    yield bench.run()
    yield made_anew(bench, "runs/mace-a*/train/manifest.json")


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@fault(FILES)
def model_file_deleted(bench):
    """A trained model is deleted when its evaluation is still to be made."""
    bench.lose("runs/nequip-a*/evaluate", bench.model_file("nequip-a"))
    yield bench.run()
    yield made_anew(bench, "runs/nequip-a*/train/manifest.json")


@fault(FILES)
def frames_truncated(bench):
    """The training frames are cut in the middle of a frame."""
    bench.ask_for("trainings", "errors")
    damaged(bench, "data/train.xyz", lambda content: content[: len(content) // 2])
    yield bench.run()
    yield made_anew(bench, "data/train.xyz")


@fault(FILES)
def frames_cut_at_a_frame(bench):
    """The training frames have lost their last frame; those they have are whole."""
    bench.ask_for("trainings", "errors")
    damaged(bench, "data/train.xyz", lambda content: b"".join(content.splitlines(keepends=True)[:-11]))
    yield bench.run()
    yield made_anew(bench, "data/train.xyz")


@fault(FILES)
def frames_deleted(bench):
    """The test frames are deleted."""
    bench.ask_for("trainings", "errors")
    bench.lose("data/test_300K.xyz")
    yield bench.run()


# clocks

CLOCK = "clocks and file times"


def shift(bench: Bench, seconds: float, *patterns: str) -> None:
    """Move the times of results."""
    for pattern in patterns:
        for path in [path for path in bench.results.glob(pattern) if path.is_file()]:
            at = path.stat().st_mtime + seconds
            os.utime(path, (at, at))


@fault(CLOCK)
def results_a_year_old(bench):
    """All results are a year older than the code and each other's inputs, as after an archive was unpacked."""
    shift(bench, -YEAR_S, "**/*")
    yield bench.run()


@fault(CLOCK)
def results_from_the_future(bench):
    """All results are dated a year ahead when an MD is still to be run."""
    shift(bench, YEAR_S, "**/*")
    bench.lose("runs/mace-a*/md")
    yield bench.run()
    for path in bench.found("**/*"):
        os.utime(path)
    yield "the files are given true times (`find results -newermt now -exec touch {} +`)"


@fault(CLOCK)
def tables_older_than_runs(bench):
    """The runs' tables are dated a year after the study's tables made of them."""
    shift(bench, YEAR_S, "runs/*/evaluate/*", "runs/*/md/*")
    yield bench.run()


@fault(CLOCK)
def clock_before_1970(bench):
    """The trainings are dated before 1970 by a clock that was not set."""
    for path in bench.found("runs/*/train/*.*"):
        os.utime(path, (-1e6, -1e6))
    yield bench.run()


# what snakemake and the logs remember

MEMORY = "Snakemake's own files and the logs"


@fault(MEMORY)
def logs_deleted(bench):
    """The log folder is deleted when an MD is still to be run."""
    shutil.rmtree(bench.folder / "logs")
    bench.lose("runs/mace-a*/md")
    yield bench.run()


@fault(MEMORY)
def logs_deleted_while_running(bench):
    """The log folder is deleted while an MD runs."""
    bench.lose("runs/nequip-a*/md")
    running = bench.start()
    bench.until(lambda: bench.found_now("runs/nequip-a*/md/checkpoints/*.pt"), running)
    shutil.rmtree(bench.folder / "logs")
    yield running.end()


@fault(MEMORY)
def metadata_deleted(bench):
    """Snakemake's records of what made the results (.snakemake/metadata) are deleted."""
    shutil.rmtree(bench.folder / ".snakemake/metadata")
    yield bench.run()


@fault(MEMORY)
def metadata_corrupted(bench):
    """Snakemake's records of what made the results are cut in half."""
    for path in (bench.folder / ".snakemake/metadata").rglob("*"):
        if path.is_file():
            os.truncate(path, path.stat().st_size // 2)
    yield bench.run()


@fault(MEMORY)
def snakemake_folder_deleted(bench):
    """All that Snakemake remembers (.snakemake) is deleted."""
    shutil.rmtree(bench.folder / ".snakemake")
    yield bench.run()


@fault(MEMORY)
def incomplete_marks_corrupted(bench):
    """Snakemake's marks of unfinished files name files that never were, in bytes that are no names."""
    folder = bench.folder / ".snakemake/incomplete"
    folder.mkdir(exist_ok=True)
    (folder / "not base64 at all").write_bytes(bench.random.randbytes(50))
    (folder / "bm8gc3VjaCBmaWxl").touch()
    bench.lose("tables/survival.csv")
    yield bench.run()


# edits

EDITS = "somebody edits while it runs"


@fault(EDITS)
def config_edited(bench):
    """The config is changed while the MD runs (fewer replicas), and changed back before the command is given again."""
    bench.lose("runs/nequip-a*/md")
    running = bench.start()
    bench.until(lambda: bench.job("run_md.py"), running)
    bench.configure(md=bench.config["md"] | {"n_replicas": 2})
    outcome = running.end()
    bench.configure()
    yield outcome if outcome.status else bench.run()


@fault(EDITS)
def config_broken(bench):
    """The config becomes unreadable while the MD runs, before the jobs that make the tables."""
    bench.lose("runs/mace-a*/md")
    running = bench.start()
    bench.until(lambda: bench.job("run_md.py"), running)
    (bench.folder / "study.yaml").write_text("study: [small\n")
    yield running.end()
    bench.configure()
    yield "the config is put right"


@fault(EDITS)
def library_touched(bench):
    """The workflow's code gets new file times, but no new content, while a landscape is scanned."""
    bench.lose("runs/mace-a*/landscape-isotropic")
    running = bench.start()
    bench.until(lambda: bench.job("scan_landscape.py"), running)
    for path in (bench.repository / "workflow").rglob("*.py"):
        path.touch()
    yield running.end()


@fault(EDITS)
def library_edited_after_an_interruption(bench):
    """All processes die while an MD runs, and the MD's code is another one when the command is given again."""
    bench.lose("runs/mace-a*/md")
    module = bench.repository / "workflow/nnip/md/simulation.py"
    running = bench.start()
    bench.until(lambda: bench.found_now("runs/mace-a*/md/checkpoints/*.pt"), running)
    running.send(signal.SIGKILL, whole_group=True)
    running.end()
    module.write_bytes(module.read_bytes() + b"\n# another version\n")
    yield bench.run()


# what the jobs need

NEEDS = "what jobs need is missing"


@fault(NEEDS, lasts=True)
def no_gpu(bench):
    """The config asks for a GPU on a machine without one."""
    if any(Path("/dev").glob("nvidia[0-9]*")):
        raise NotHereError("this machine has a GPU")
    bench.configure(device="cuda")
    yield bench.run()
    bench.configure()
    yield "`device: cpu` in the config, as the message says"


@fault(NEEDS, lasts=True)
def interpreter_missing(bench):
    """The interpreter that the config names for a framework is gone."""
    bench.lose("runs/nequip-a*/evaluate")
    program = bench.own_interpreter("nequip")
    content = program.read_text()
    program.unlink()
    yield bench.run()
    program.write_text(content)
    program.chmod(0o755)
    yield "the interpreter is put back"


@fault(NEEDS)
def environment_truncated(bench):
    """The environment that the workflow made for a framework has lost its interpreter, though it is marked as ready."""
    bench.lose("runs/mace-a*/evaluate")
    program = bench.own_interpreter("mace")
    program.unlink()
    yield bench.run()
    shutil.rmtree(program.parents[1])
    yield "the environment's folder is removed, so that it is made anew"


@fault(NEEDS, lasts=True)
def packages_missing(bench):
    """A framework's environment has lost its packages."""
    bench.lose("runs/mace-a*/md")
    interpreter = bench.own_interpreter("mace")
    content = interpreter.read_text()
    interpreter.write_text(content.replace("exec ", "exec env ").replace(' "$@"', ' -S "$@"'))
    yield bench.run()
    interpreter.write_text(content)
    yield "the packages are put back"


@fault(NEEDS, lasts=True)
def download_truncated(bench):
    """A downloaded data set is cut in half on its way (read from a mirror)."""
    if not MIRROR.is_dir():
        raise NotHereError("the released 3BPA files are not beside the project")
    mirror = bench.scratch / "mirror" / "3bpa"
    shutil.rmtree(mirror, ignore_errors=True)
    mirror.mkdir(parents=True)
    for name in ("train_300K.xyz", "train_mixedT.xyz"):
        shutil.copy(MIRROR / "3bpa" / name, mirror / name)
    source = {"source": "3bpa", "train": {"file": "train_300K.xyz"}, "test": {"300K": {"file": "train_mixedT.xyz", "frames": "0:6"}}}
    bench.configure(study="downloaded", dataset="3bpa", datasets={"3bpa": source}, mirror=str(mirror.parent))
    whole = (mirror / "train_300K.xyz").read_bytes()
    bench.targets = ["results/downloaded/data/manifest.json"]
    bench.run()
    made = bench.folder / "results/downloaded/data"
    reference = json.loads((made / "manifest.json").read_text())["files"]
    shutil.rmtree(made)
    (mirror / "train_300K.xyz").write_bytes(whole[: len(whole) // 2])
    bench.compare = lambda: [] if json.loads((made / "manifest.json").read_text())["files"] == reference else ["the frames differ"]
    yield bench.run()
    (mirror / "train_300K.xyz").write_bytes(whole)
    yield "the whole file is there"


@fault(NEEDS)
def slurm_daemon_killed(bench):
    """On SLURM: the controller (slurmctld) is killed while an MD runs, and started again after a quarter of a minute."""
    sys.path.insert(0, str(ROOT / "tests/cluster"))
    from one_node_slurm import OneNodeSlurm, why_not

    if why_not():
        raise NotHereError(why_not())
    shutil.rmtree(bench.scratch / "slurm", ignore_errors=True)
    node = OneNodeSlurm(bench.scratch / "slurm", cpus=4)
    try:
        node.start()
        bench.environment |= node.environment
        (bench.folder / "partitions.yaml").write_text("partitions: {cpu: {max_runtime: 1440, max_gpu: 0}, gpu: {max_runtime: 1440, max_gpu: 2}}\n")
        site = "--slurm-partition-config partitions.yaml --slurm-status-command squeue --slurm-init-seconds-before-status-checks 1 --latency-wait 10"
        bench.profile = ["slurm", *site.split()]
        bench.lose("runs/mace-a*/md")
        running = bench.start()
        bench.until(lambda: bench.found_now("runs/mace-a*/md/checkpoints/*.pt"), running)
        os.kill(int((node.folder / "slurmctld.pid").read_text()), signal.SIGKILL)
        time.sleep(15)
        node._run("slurmctld")
        yield running.end()
    finally:
        node.stop()
