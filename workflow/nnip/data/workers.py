"""Worker processes that make frames; finished pieces of work are stored on disk, so an interruption loses none of them."""

import dataclasses
import hashlib
import json
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.stress import voigt_6_to_full_3x3_stress

from nnip.data import EVENT
from nnip.data.extxyz import labelled
from nnip.jobs.files import write_synced
from nnip.study.manifest import code_version, package_versions, settings_hash


@contextmanager
def workers(processes: int, folder: Path) -> Iterator["Workers"]:
    """Worker processes with one OpenMP thread each: more threads are slower under load, and their results are not reproducible bit for bit.

    folder: for finished pieces; the caller removes it after writing its own results.
    """
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))  # set before the workers start: they are read when numpy and the engines' libraries are imported
    try:
        with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent) as pool:
            try:
                yield Workers(pool, folder)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class Workers:
    """Function calls in worker processes; each result, frames included, is stored in a file named by a hash of everything it depends on.

    resumed: number of times the work resumed from such files
    notes:   which files could not be used, in words
    """

    def __init__(self, pool: Executor, folder: Path) -> None:
        self.pool = pool
        self.folder = folder
        self.versions = [package_versions(), code_version()]
        self.resumed = 0
        self.notes: list[str] = []

    def map(self, function: Callable[..., Any], *arguments: Iterable[Any]) -> list[Any]:
        """function(*arguments) for each, in order; calls that an earlier, interrupted process finished are not repeated."""
        calls = list(zip(*arguments, strict=False))
        names = [settings_hash([function.__module__, function.__name__, _plain(call), self.versions]) for call in calls]
        files = [self.folder / f"{name}.json" for name in names]
        stored = {place: record for place, file in enumerate(files) if (record := self._read(file))}
        self.resumed = max([self.resumed, *(record["resumed"] + 1 for record in stored.values())])
        missing = [place for place in range(len(calls)) if place not in stored]
        work = [(files[place], self.resumed, function, calls[place]) for place in missing]
        made = dict(zip(missing, self.pool.map(_make, work), strict=True))
        return [stored[place]["result"] if place in stored else made[place] for place in range(len(calls))]

    def _read(self, file: Path) -> dict[str, Any] | None:
        if not file.exists():
            return None
        checksum, _, content = file.read_bytes().partition(b"\n")
        if hashlib.sha256(content).hexdigest().encode() == checksum:
            return json.loads(content, object_hook=_restored)
        self.notes.append(f"{file.name} was not used: its content is not what was written (SHA-256)")
        return None


def _make(work: tuple[Path, int, Callable[..., Any], tuple[Any, ...]]) -> Any:
    """The result of one call, also stored in its file; a full disk is only reported and does not stop the work."""
    file, resumed, function, call = work
    result = function(*call)
    content = json.dumps({"resumed": resumed, "result": _plain(result)}).encode()
    try:
        write_synced(file, hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
    except OSError as error:
        print(f"{file.name} was not kept: {error}", flush=True)
    return result


def _plain(value: Any) -> Any:
    """A value in a form for JSON, without loss: numbers are written with all their digits."""
    if isinstance(value, Atoms):
        labels = {"energy_eV": value.get_potential_energy(), "forces": value.get_forces(), "origin": value.info["origin"]}
        labels |= {"stress": value.calc.results.get("stress"), EVENT: value.arrays.get(EVENT)}
        value = {"numbers": value.numbers, "positions": value.positions, "cell": value.cell.array, "pbc": value.pbc} | labels
    elif dataclasses.is_dataclass(value):
        value = vars(value)
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": str(value.dtype)}
    return value.item() if isinstance(value, np.generic) else value


def _restored(plain: dict[str, Any]) -> Any:
    """The array or labelled frame of these values; other values unchanged."""
    if plain.keys() == {"array", "dtype"}:
        return np.array(plain["array"], dtype=plain["dtype"])
    if "positions" in plain:
        atoms = Atoms(plain["numbers"], plain["positions"], cell=plain["cell"], pbc=plain["pbc"])
        stress = None if plain["stress"] is None else voigt_6_to_full_3x3_stress(plain["stress"])
        frame = labelled(atoms, plain["energy_eV"], plain["forces"], plain["origin"], stress)
        if plain[EVENT] is not None:
            frame.set_array(EVENT, plain[EVENT])
        return frame
    return plain


def _end_with_parent() -> None:
    """In a worker: end when the parent process has ended, for whatever reason."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
