"""The frame that MD starts from: chosen and checked before any training."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.formula import Formula

from nnip.data.extxyz import write_frames
from nnip.data.formats import read_any
from nnip.data.frames import molecule_of, read_frames, substance
from nnip.data.own_files import stamp
from nnip.jobs.errors import InputError
from nnip.jobs.files import sha256
from nnip.md.start import check_start
from nnip.study.manifest import Stopwatch, write_manifest

KEPT = ("origin", "total_charge", "total_spin", "molecule")  # of a frame's info
SHOWN = 8  # compositions in a message


def choose_start(
    asked: Mapping[str, Any] | None,
    rules: Mapping[str, float | None],
    own: Sequence[str | os.PathLike[str]],
    trained: Mapping[str, str | os.PathLike[str]],
    directory: str | os.PathLike[str],
) -> None:
    """Write start.xyz, one frame without labels, and manifest.json.

    own: files of the main training set, training and validation frames. trained: files of training frames by training set. Else as find_start.
    """
    watch, frames = Stopwatch(), [frame for path in own for frame in read_frames(path)]
    start, warnings = find_start(asked, rules, frames, {name: read_frames(path) for name, path in trained.items()})
    for warning in warnings:
        print(f"warning: {warning}")
    print(f"hot MD starts from {start.get_chemical_formula()}, {start.info['origin']}")
    path, files = Path(directory) / "start.xyz", [asked["file"]] if asked and asked["file"] else []
    write_frames(path, [start])
    write_manifest(
        path.with_name("manifest.json"),
        stage="start",
        settings={"start": asked, "rules": dict(rules)},
        seeds={},
        device="cpu",
        watch=watch,
        origin=start.info["origin"],
        formula=start.get_chemical_formula(),
        compositions=compositions(frames),
        warnings=warnings,
        input_sha256={file: sha256(file) for file in files},
        input_stamps={file: stamp(file) for file in files},
        files={path.name: {"n_frames": 1, "sha256": sha256(path)}},
    )


def find_start(
    asked: Mapping[str, Any] | None, rules: Mapping[str, Any], frames: Sequence[Atoms], trained: Mapping[str, Sequence[Atoms]]
) -> tuple[Atoms, list[str]]:
    """The start frame, and warnings.

    asked: the config's md.start. rules: max_bond_A and min_distance_A (nnip.md.start.check_start). frames: of the main training set, training and
    validation. trained: training frames by training set, of all models that start from it. InputError naming key, file or frame if there is no such
    frame, if more than one could be meant, if it has an element that no training frame has, and if it breaks a rule.
    """
    asked, warnings = asked or {}, []
    if file := asked.get("file"):
        start, key = start_of_file(file, asked["frame"] or 0), "md.start.file"
    elif name := asked.get("molecule"):
        start, key = bare(lowest_energy(of_molecule(frames, name))), "md.start.molecule"
    elif formula := asked.get("formula"):
        start, key = bare(lowest_energy(of_formula(frames, formula))), "md.start.formula"
    else:
        alike = commonest(frames)
        start, key = bare(lowest_energy(alike)), "md.start"
        if others := {name: n for name, n in compositions(frames).items() if name != named(start)}:
            warnings.append(
                f"hot MD starts from {named(start)}, the commonest {kind_of(start)} ({len(alike)} of {len(frames)} training frames); "
                f"others: {listed(others)}; md.start chooses another"
            )
    for name, learnt in trained.items():
        if unknown := set(start.symbols) - {symbol for frame in learnt for symbol in frame.symbols}:
            raise InputError(
                f"'{key}': {start.info['origin']} has {', '.join(sorted(unknown))}, which no training frame of training set {name} has: no model "
                "of it can run MD from there"
            )
    check_start(start, rules["max_bond_A"], rules["min_distance_A"])
    return start, warnings


def start_of_file(path: str | os.PathLike[str], index: int) -> Atoms:
    """A frame of a file that the data stage could read, counted from 0; labels are not needed. InputError if there is none."""
    number = -1
    for number, frame in enumerate(read_any(path)):
        if number == index:
            frame.info["origin"] = f"{Path(path).name} frame {index}".replace("\\", "/").replace('"', "'")
            return bare(frame)
    raise InputError(f"{path}: has no frame {index}, but {number + 1}, counted from 0")


def bare(frame: Atoms) -> Atoms:
    """A copy of a frame without labels or momenta, with its origin, charge and spin."""
    info = {key: frame.info[key] for key in KEPT if key in frame.info}
    return Atoms(frame.numbers, positions=frame.positions, cell=frame.cell, pbc=frame.pbc, info=info)


def named(frame: Atoms) -> str:
    """The name of a frame's molecule, or else its formula."""
    return molecule_of(frame) or frame.get_chemical_formula()


def kind_of(frame: Atoms) -> str:
    """What named() is a name of."""
    return "molecule" if molecule_of(frame) else "composition"


def compositions(frames: Sequence[Atoms]) -> dict[str, int]:
    """Frames of each molecule by name, or of each composition by formula where frames name none, the commonest first."""
    return dict(Counter(named(frame) for frame in frames).most_common())


def listed(counts: Mapping[str, int]) -> str:
    """Compositions and their frames in words, the first of many."""
    names = [f"{formula} ({n})" for formula, n in counts.items()]
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def of_formula(frames: Sequence[Atoms], formula: str) -> list[Atoms]:
    """The frames of a composition, elements in any order; InputError if there are none."""
    wanted = Formula(formula).count()
    if found := [frame for frame in frames if frame.symbols.formula.count() == wanted]:
        if len(isomers := {molecule_of(frame): None for frame in found}) > 1:
            raise InputError(f"'md.start.formula' is {formula}, which {' and '.join(map(str, isomers))} are: give md.start.molecule instead")
        return found
    raise InputError(f"'md.start.formula' is {formula}, which no training frame of the main set is; there are {listed(compositions(frames))}")


def of_molecule(frames: Sequence[Atoms], name: str) -> list[Atoms]:
    """The frames of a named molecule; InputError if there are none."""
    if found := [frame for frame in frames if molecule_of(frame) == name]:
        return found
    raise InputError(f"'md.start.molecule' is {name}, which no training frame of the main set is; there are {listed(compositions(frames))}")


def commonest(frames: Sequence[Atoms]) -> list[Atoms]:
    """The frames of the commonest molecule or composition of several atoms.

    Of two cells of one substance that are equally common, the first in the frames. InputError if two substances are equally common, and if all
    frames are single atoms.
    """
    counts = compositions([frame for frame in frames if len(frame) > 1])
    if not counts:
        raise InputError("every training frame is a single atom, of which there is no MD: 'md.start' should be {file: PATH, frame: N} of more atoms")
    most = {formula: n for formula, n in counts.items() if n == max(counts.values())}
    chosen = [frame for frame in frames if len(frame) > 1 and named(frame) == next(iter(most))]
    if any(substance(frame) != substance(chosen[0]) for frame in frames if named(frame) in most):
        key = "molecule" if molecule_of(chosen[0]) else "formula"
        raise InputError(
            f"hot MD has no start: {listed(most)} are equally common among the {len(frames)} training frames; choose one by 'md.start', "
            f"{{{key}: {next(iter(most))}}} for its frame of lowest energy or {{file: PATH, frame: N}}"
        )
    return chosen


def lowest_energy(frames: Sequence[Atoms]) -> Atoms:
    """The frame of lowest labelled energy, the first of equals, among frames of one composition; InputError if one has no energy."""
    for frame in frames:
        if not frame.calc or "energy" not in frame.calc.results:
            raise InputError(
                f"{frame.info['origin']} has no energy, so the frame of lowest energy is unknown: 'md.start' should be {{file: PATH, frame: N}}"
            )
    return min(frames, key=Atoms.get_potential_energy)
