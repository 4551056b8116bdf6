"""The released DFT sets of silicon with rare events (Liu, He & Mo, npj Comput. Mater. 9, 174, 2023).

Each set is a DATA.json, with energies in eV and forces in eV/Å by label (DFT_K4: 4 x 4 x 4 k points; the test sets also DFT_K2 and DFT_K1), and an
archive of one POSCAR for each frame. Two training sets of 219 frames are one general set of silicon in which 120 frames are replaced by snapshots
of a migrating vacancy, or of a migrating interstitial. Two test sets of 100 snapshots have r, the distance of every atom to the nearest migrating
atom: where it is 0 the atom is one, and has 1 in the column `event` here.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
from ase import Atoms

from nnip.data import EVENT, checks
from nnip.data.download import fetch
from nnip.data.extxyz import labelled
from nnip.jobs.errors import InputError
from nnip.jobs.files import sha256
from nnip.study.seeds import derive

LABEL = "DFT_K4"
ENHANCED = {"vacancy": "Vacancy-enhanced_Training_Set", "interstitial": "Interstitial-enhanced_Training_Set"}
TESTS = {"validation": "Enhanced_Validation_Set", "vacancy": "Vacancy-RE_Testing_Set", "interstitial": "Interstitial-RE_Testing_Set"}
PLAIN = "plain"
PARTS = ("DATA.json", "structure_poscars.zip")
LONGEST_POSCAR = 1_000_000


def read(options: dict[str, Any], root_seed: int, mirror: str | None, downloads: Path) -> tuple[list[Atoms], dict[str, list[Atoms]], dict[str, Any]]:
    """Training pool, test frames by split, and notes for the manifest.

    options: a dataset block with source silicon-re, all keys given. Frames of split `plain` are drawn from those that both training sets have in
    common. The test splits stay whole: the pool is without their frames (many test snapshots stand in the released training sets too), and without
    repeated ones. InputError for unusable data, naming the file.
    """
    used: dict[str, str] = {}

    def of(name: str, label: str = LABEL) -> list[Atoms]:
        paths = [fetch("silicon-re", f"{name}/{part}", mirror, downloads) for part in PARTS]
        used.update({f"{name}/{path.name}": sha256(path) for path in paths})
        return frames_of(paths[0], paths[1], label)

    enhanced = {defect: of(name) for defect, name in ENHANCED.items()}
    common = {_place(frame) for frame in enhanced["vacancy"]} & {_place(frame) for frame in enhanced["interstitial"]}
    plain = checks.without_duplicates([frame for frame in enhanced["vacancy"] if _place(frame) in common], {}, drop=True)[0]
    chosen = list(ENHANCED) if options["train"] == "both" else [options["train"]]
    more = [frame for defect in chosen for frame in enhanced[defect] if _place(frame) not in common] if options["enhanced"] else []
    tests: dict[str, list[Atoms]] = {}
    for split in options["test"] or ():
        if split == PLAIN:
            drawn = np.random.default_rng(derive(root_seed, "silicon-re", PLAIN)).choice(len(plain), options["n_plain"], replace=False)
            tests[split] = [plain[i] for i in sorted(drawn)]
        else:
            tests[split] = of(TESTS[split])
    tested = {_place(frame) for frames in tests.values() for frame in frames}
    apart = [frame for frame in (*plain, *more) if _place(frame) not in tested]
    pool, tests, dropped = checks.without_duplicates(apart, tests, drop=True)
    notes = {"input_sha256": used, "dropped_duplicates": dropped, "left_out_for_tests": len(plain) + len(more) - len(apart)}
    return pool, tests, notes


def frames_of(data: Path, archive: Path, label: str = LABEL) -> list[Atoms]:
    """The frames of one set with the labels of one k-point mesh, in the set's order; the test sets' with column `event`.

    A label without energies, DFT_K1, gives frames with forces alone. InputError for a file that is not what the release has.
    """
    try:
        values = json.loads(data.read_text(encoding="utf-8"))
        forces, energies, distances = values["Forces"][label], values["Energies"].get(label), values.get("r")
        with zipfile.ZipFile(archive) as poscars:
            texts = [_poscar(poscars, f"{i}.POSCAR.vasp") for i in range(len(forces))]
        frames = []
        for i, text in enumerate(texts):
            atoms = ase.io.read(io.StringIO(text), format="vasp")
            assert isinstance(atoms, Atoms)
            frame = labelled(atoms, energies[i] if energies else None, np.array(forces[i]).reshape(len(atoms), 3), f"{data.parent.name} frame {i}")
            if distances is not None and "Testing" in data.parent.name:
                frame.set_array(EVENT, (np.array(distances[i]) == 0).astype(int))
            frames.append(frame)
    except (OSError, KeyError, TypeError, ValueError, IndexError, zipfile.BadZipFile) as error:
        raise InputError(f"{data.parent}: is not a set of the release ({type(error).__name__}: {str(error)[:100]})") from None
    return frames


def _poscar(poscars: zipfile.ZipFile, name: str) -> str:
    """The text of one file of an archive, whose size is checked before it is unpacked."""
    if poscars.getinfo(name).file_size > LONGEST_POSCAR:
        raise ValueError(f"{name} has more than {LONGEST_POSCAR} bytes")
    return poscars.read(name).decode()


def _place(frame: Atoms) -> bytes:
    """Bytes that are equal for frames of one geometry, to the digits of the release."""
    return b"|".join(np.round(part, 5).tobytes() for part in (frame.positions, frame.cell.array))
