"""Faults of files: checkpoints, tables, manifests, models and frames are cut, changed or deleted."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from bench import Bench
from running import Outcome

from catalogue.fault import fault

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


def made_again(bench: Bench, *patterns: str) -> str:
    bench.lose(*patterns)
    return ", ".join(f"`{pattern}`" for pattern in patterns) + " is removed"


@fault(FILES)
def table_of_a_run_truncated(bench):
    """A run's landscape is cut in the middle of a line."""
    damaged(bench, "runs/mace-a*/landscape-isotropic/landscape.csv", lambda content: content[: len(content) // 2 - 3].rstrip(b"\n"))
    yield bench.run()
    yield made_again(bench, "runs/mace-a*/landscape-isotropic/landscape.csv")


@fault(FILES)
def table_of_a_run_cut_at_a_line(bench):
    """A run's landscape has lost its last lines; those it has are whole."""
    damaged(bench, "runs/nequip-a*/landscape-isotropic/landscape.csv", lambda content: b"".join(content.splitlines(keepends=True)[:-3]))
    yield bench.run()
    yield made_again(bench, "runs/nequip-a*/landscape-isotropic/landscape.csv")


@fault(FILES)
def table_of_a_run_emptied(bench):
    """A run's times to failure are an empty file."""
    damaged(bench, "runs/mace-a*/md/failures.csv", lambda content: b"")
    yield bench.run()
    yield made_again(bench, "runs/mace-a*/md/failures.csv")


@fault(FILES)
def table_of_a_run_deleted(bench):
    """A run's errors are deleted."""
    bench.lose("runs/nequip-a*/errors/errors.csv")
    yield bench.run()


@fault(FILES)
def table_of_a_run_with_nan(bench):
    """A number of a run's errors is NaN."""
    damaged(bench, "runs/mace-a*/errors/errors.csv", lambda content: content.rstrip().rpartition(b",")[0] + b",NaN\n")
    yield bench.run()
    yield made_again(bench, "runs/mace-a*/errors/errors.csv")


@fault(FILES)
def table_of_a_run_without_a_column(bench):
    """A run's errors have lost their last column."""
    damaged(bench, "runs/mace-a*/errors/errors.csv", lambda content: b"".join(line.rpartition(b",")[0] + b"\n" for line in content.splitlines()))
    yield bench.run()
    yield made_again(bench, "runs/mace-a*/errors/errors.csv")


def another_digit(content: bytes) -> bytes:
    """Another last digit in the last line."""
    place = max(content.rfind(b"%d" % digit) for digit in range(10))
    return content[:place] + b"%d" % ((int(content[place : place + 1]) + 1) % 10) + content[place + 1 :]


@fault(FILES)
def digit_of_a_run_changed(bench):
    """A digit of a run's landscape is changed by hand."""
    damaged(bench, "runs/mace-a*/landscape-isotropic/landscape.csv", another_digit)
    yield bench.run()
    yield made_again(bench, "runs/mace-a*/landscape-isotropic/landscape.csv")


@fault(FILES)
def digit_of_a_study_table_changed(bench):
    """A digit of the study's gathered landscapes is changed by hand."""
    damaged(bench, "tables/landscape.csv", another_digit)
    yield bench.run()
    yield made_again(bench, "tables/landscape.csv")


@fault(FILES)
def study_table_truncated(bench):
    """The study's gathered landscapes are cut in the middle of a line."""
    damaged(bench, "tables/landscape.csv", lambda content: content[: len(content) // 2 - 3].rstrip(b"\n"))
    yield bench.run()
    yield made_again(bench, "tables/landscape.csv")


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
    yield made_again(bench, "runs/mace-a*/train/manifest.json")


@fault(FILES)
def model_file_changed(bench):
    """One byte of a trained model is flipped when its MD is still to be run."""
    bench.lose("runs/mace-a*/md")
    damaged(bench, bench.model_file("mace-a"), flipped)
    yield bench.run()
    yield made_again(bench, "runs/mace-a*/train/manifest.json")


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@fault(FILES)
def model_file_deleted(bench):
    """A trained model is deleted when its evaluation is still to be made."""
    bench.lose("runs/nequip-a*/errors", bench.model_file("nequip-a"))
    yield bench.run()
    yield made_again(bench, "runs/nequip-a*/train/manifest.json")


@fault(FILES)
def frames_truncated(bench):
    """The training frames are cut in the middle of a frame."""
    bench.ask_for("trainings", "errors")
    damaged(bench, "data/sets/n20/train.xyz", lambda content: content[: len(content) // 2])
    yield bench.run()
    yield made_again(bench, "data/sets/n20/train.xyz")


@fault(FILES)
def frames_cut_at_a_frame(bench):
    """The training frames have lost their last frame; those they have are whole."""
    bench.ask_for("trainings", "errors")
    damaged(bench, "data/sets/n20/train.xyz", lambda content: b"".join(content.splitlines(keepends=True)[:-11]))
    yield bench.run()
    yield made_again(bench, "data/sets/n20/train.xyz")


@fault(FILES)
def frames_deleted(bench):
    """The test frames are deleted."""
    bench.ask_for("trainings", "errors")
    bench.lose("data/test_300K.xyz")
    yield bench.run()
