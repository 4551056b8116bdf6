"""A data set in the form that all later stages read: a pool for training sets, test frames, and a manifest."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ase import Atoms

from nnip.data import checks, geometry, info, isolated, pool_folder, references, units
from nnip.data.download import fetch
from nnip.data.extxyz import read_frames, write_frames
from nnip.data.own_files import stamp
from nnip.jobs.errors import InputError
from nnip.jobs.files import alone_in, reading, sha256
from nnip.study.manifest import Stopwatch, write_manifest

DOWNLOADS = "downloads"
CHUNKS = "chunks"
FILE_KEYS = ("source", "train", "test", "energy_key", "forces_key", "stress_key", "virial_key", "drop_duplicates")
BLIND = "differs between frames, but some models of the study do not take it: to them two frames of one geometry are one, with two energies"


@dataclass
class Source:
    """Labelled frames of a source: a pool for training sets, test frames by split, and notes for the manifest.

    warnings: sentences about what is odd in the data; the log, the manifest and the study's summary show them
    """

    pool: list[Atoms]
    tests: dict[str, list[Atoms]]
    notes: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def prepare(dataset: str, options: dict[str, Any], study: dict[str, Any], directory: str | Path, processes: int = 1) -> None:
    """Write pools/<data set>/pool.xyz, test_<split>.xyz and manifest.json of the study's data set into `directory`.

    `options` is the config's block of the data set; `study` has seed, n_pool (number of frames, if they are generated), mirror (a folder or
    None), learn (labels that every training frame needs) and blind_to (of total_charge and total_spin, those that a model does not take).
    Energies in eV, forces in eV/A, stresses in eV/A^3. Generated frames are kept in chunks/ until all is written, so that the same call resumes
    after an interruption. InputError naming data set and key, or file and frame, for unusable input.
    """
    with alone_in(directory):
        watch = Stopwatch()
        source = load(dataset, options, study, Path(directory), processes)
        outputs = {f"pools/{pool_folder(dataset)}/pool.xyz": source.pool} | {f"test_{name}.xyz": frames for name, frames in source.tests.items()}
        _write(dataset, options, study, outputs, source, Path(directory), watch)


def prepare_pool(dataset: str, options: dict[str, Any], study: dict[str, Any], directory: str | Path, processes: int = 1) -> None:
    """Write pool.xyz and manifest.json of a further data set for training sets, without its tests; arguments as for prepare."""
    with alone_in(directory):
        watch = Stopwatch()
        tests: dict[str, Any] = {"test_temperatures_K": []} if options["source"] in ("xtb", "emt") else {"test": None}
        tests |= {"n_event": 0} if options["source"] == "emt" else {}
        tests |= {"n_basin": 0} if options["source"] == "xtb" else {}
        source = load(dataset, options | tests, study, Path(directory), processes)
        _write(dataset, options, study, {"pool.xyz": source.pool}, source, Path(directory), watch)


def _write(
    dataset: str,
    options: dict[str, Any],
    study: dict[str, Any],
    outputs: dict[str, list[Atoms]],
    source: Source,
    directory: Path,
    watch: Stopwatch,
) -> None:
    for warning in source.warnings:
        print(f"warning: datasets.{dataset}: {warning}")
    notes = {"isolated_atoms_eV": {}} | source.notes
    if notes["isolated_atoms_eV"]:
        print(f"datasets.{dataset}: {isolated.in_words(notes['isolated_atoms_eV'])}")
    for name, frames in outputs.items():
        write_frames(directory / name, frames)
    write_manifest(
        directory / "manifest.json",
        stage="data",
        settings={"dataset": dataset, "options": options, "study": {key: value for key, value in study.items() if key != "mirror"}},
        seeds={"root": study["seed"]},
        device="cpu",
        watch=watch,
        files={name: {"n_frames": len(frames), "sha256": sha256(directory / name)} for name, frames in outputs.items()},
        warnings=source.warnings,
        **notes,
    )
    shutil.rmtree(directory / CHUNKS, ignore_errors=True)


def load(dataset: str, options: dict[str, Any], study: dict[str, Any], directory: Path, processes: int) -> Source:
    """Frames of a data set by its `source`: xtb, emt, 3bpa, ani-al, silicon-re or extxyz; InputError messages start with the block's name."""
    source = _from_source(dataset, options, study, directory, processes)
    try:
        source.warnings += check_physics({"train": source.pool} | {f"test {name}": frames for name, frames in source.tests.items()})
    except InputError as error:
        raise InputError(f"datasets.{dataset}: {error}") from None
    return source


def check_physics(splits: dict[str, list[Atoms]]) -> list[str]:
    """Warnings about geometry, units, signs and references of the frames; InputError for what is impossible."""
    geometry.check(splits.items())
    for frames in splits.values():
        for frame in frames:
            geometry.without_needless_vectors(frame)
    return units.check(splits) + references.check(splits)


def _from_source(dataset: str, options: dict[str, Any], study: dict[str, Any], directory: Path, processes: int) -> Source:
    options = {key: value for key, value in options.items() if key != "n_pool"}
    try:
        match options.get("source"):
            case "xtb":
                from nnip.data import molecules, xtb

                make = xtb.generate if isinstance(options.get("smiles"), str) else molecules.generate
                return Source(*make(options, study["n_pool"], study["seed"], processes, directory / CHUNKS))
            case "emt":
                from nnip.data import emt

                return Source(*emt.generate(options, study["n_pool"], study["seed"], processes, directory / CHUNKS))
            case "ani-al":
                from nnip.data import ani_al

                return Source(*ani_al.read(options, study["seed"], study["mirror"], directory / DOWNLOADS))
            case "silicon-re":
                from nnip.data import silicon_re

                return Source(*silicon_re.read(options, study["seed"], study["mirror"], directory / DOWNLOADS))
            case "3bpa":
                return from_files(options, study, directory / DOWNLOADS)
            case "extxyz":
                return from_files(options, study, None)
            case other:
                raise InputError(f"source: '{other}' should be xtb, emt, 3bpa, ani-al, silicon-re or extxyz")
    except InputError as error:
        raise InputError(f"datasets.{dataset}: {error}") from None


def from_files(options: dict[str, Any], study: dict[str, Any], downloads: Path | None) -> Source:
    """Frames of extxyz files of the user, or of published ones (`downloads` given), whose duplicates are dropped by default."""
    for key in options:
        if key not in FILE_KEYS:
            raise InputError(f"{key}: no key of source {options['source']}; it knows {', '.join(FILE_KEYS[1:])}")
    if not options.get("train") or options.get("test", {}) == {}:
        raise InputError('train and test: both are needed; a file, or {file: ..., frames: "a:b"}; test has one of these per split')
    used: dict[str, str] = {}
    stamps: dict[str, list[int]] = {}
    warnings: list[str] = []
    keys = {key: options[key] for key in ("energy_key", "forces_key", "stress_key", "virial_key") if options.get(key)}
    learnt = [*study.get("learn", ("energy", "forces")), *(["stress"] if "stress_key" in keys or "virial_key" in keys else [])]

    def read(key: str, entry: str | dict[str, str]) -> list[Atoms]:
        entry = {"file": entry} if isinstance(entry, str) else entry
        if "file" not in entry or set(entry) - {"file", "frames"}:
            raise InputError(f'{key}: {entry} should be a file, or {{file: ..., frames: "a:b"}}')
        path = Path(entry["file"]) if downloads is None else fetch(options["source"], entry["file"], study["mirror"], downloads)
        with reading(path):
            before = stamp(path)
        needed = learnt if key == "train" else ()
        frames = read_frames(path, entry.get("frames", ":"), needed=needed, warnings=warnings, **keys)
        used[entry["file"]] = sha256(path)
        if downloads is None:
            if stamp(path) != stamps.setdefault(entry["file"], before):
                raise InputError(f"{path}: was changed while it was read; run the same command again")
            warnings.extend(checks.partly_periodic(path, frames))
        return frames

    entries = {"train": options["train"]} | {f"test.{name}": entry for name, entry in (options["test"] or {}).items()}
    frames, notes = isolated.left_out({key: read(key, entry) for key, entry in entries.items()})
    tests = {key.removeprefix("test."): own for key, own in frames.items() if key != "train"}
    drop = options.get("drop_duplicates", downloads is not None)
    pool, tests, dropped = checks.without_duplicates(frames["train"], tests, drop)
    differing = info.differing([*pool, *(frame for frames in tests.values() for frame in frames)])
    warnings += [f"{name} ({', '.join(map(str, values))}) {BLIND}" for name, values in differing.items() if name in study.get("blind_to", ())]
    notes |= {"input_sha256": used, "input_stamps": stamps, "dropped_duplicates": dropped}
    return Source(pool, tests, notes, list(dict.fromkeys(warnings)))
