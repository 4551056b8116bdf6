"""What a frame carries beside its labels: total charge, total spin, config_type and its molecule; and what a file has that no model learns."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from ase import Atoms

from nnip.data.stress import NAMES
from nnip.jobs.errors import InputError

# our name -> names in files; the spin is carried as the file has it (a multiplicity in most)
SPELLINGS = {
    "total_charge": ("total_charge", "charge"),
    "total_spin": ("total_spin", "spin", "multiplicity", "spin_multiplicity"),
}
KEPT = (*SPELLINGS, "config_type", "molecule")
# labels and weights that no model of a study gets
UNUSED = re.compile(
    r"config_(\w+_)?weight|(\w+_)?(dipoles?|polarizability|polarizabilities|charges|initial_charges|magmoms?|initial_magmoms|born_charges)",
    re.IGNORECASE,
)
ISOLATED = "isolatedatom"  # mace leaves such frames out of a training and takes their energies as its E0s


def kept(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The entries of a frame that its copies keep, under our names; InputError for one that is no number, or two spellings that differ."""
    found: dict[str, Any] = {}
    for name, spellings in SPELLINGS.items():
        for spelling in spellings:
            if spelling not in values or np.ndim(values[spelling]):
                continue  # `charge` per atom is another quantity
            value = values[spelling]
            if isinstance(value, (bool, str)) or not np.isfinite(float(value)):
                raise InputError(f"{where}: '{spelling}' should be one number, but is {str(value)[:40]!r}")
            if found.setdefault(name, value) != value:
                raise InputError(f"{where}: '{spelling}' is {value}, but '{name}' of the same frame is {found[name]}")
    numbers = {name: int(value) if float(value).is_integer() else float(value) for name, value in found.items()}
    texts = {name: "" if np.ndim(values.get(name, "")) else _text(values.get(name, "")) for name in ("config_type", "molecule")}
    if texts["config_type"].lower() == ISOLATED:
        texts["config_type"] = ""
    return numbers | {name: text for name, text in texts.items() if text}


def _text(value: Any) -> str:
    """A text that ase reads as it writes it."""
    return str(value).replace("\\", "/").replace('"', "'")


def carried(info: Mapping[str, Any]) -> dict[str, Any]:
    """The kept entries of a frame that this module made."""
    return {name: info[name] for name in KEPT if name in info}


class Keys:
    """The keys of a file's frames that nothing uses, counted frame by frame."""

    def __init__(self, used: Sequence[str | None], has_stress: bool) -> None:
        self.used = set(used)
        self.has_stress = has_stress  # from one of its labels; another of them says nothing new
        self.frames: Counter[str] = Counter()
        self.renamed: Counter[str] = Counter()
        self.n_frames = 0

    def add(self, values: Mapping[str, Any]) -> None:
        """Count the keys of one more frame."""
        self.n_frames += 1
        self.frames.update(set(values) - self.used)
        self.renamed.update(
            f"'{spelling}' as {name}"
            for name, spellings in SPELLINGS.items()
            for spelling in spellings[1:]
            if spelling in values and name not in values and not np.ndim(values[spelling])
        )

    def sentences(self) -> Iterator[str]:
        """What to say of them: stresses without a key, other labels and weights, and charge and spin under another name."""
        if (stress := self._matching(NAMES)) and not self.has_stress:
            named = " or ".join("virial_key" if "virial" in key.lower() else "stress_key" for key in stress)
            yield f"has {self._counted(stress)}, which is not used; set {named}"
        if unused := self._matching(UNUSED):
            yield f"not used: {self._counted(unused)}"
        if self.renamed:
            yield f"read {', '.join(self.renamed)}"

    def _matching(self, pattern: re.Pattern[str]) -> list[str]:
        return sorted(key for key in self.frames if pattern.fullmatch(key))

    def _counted(self, keys: Sequence[str]) -> str:
        return ", ".join(f"{key} ({self.frames[key]} of {self.n_frames} frames)" for key in keys)


def differing(frames: Sequence[Atoms]) -> dict[str, list[Any]]:
    """The values of charge and spin over frames, where there is more than one (None: some frames lack it)."""
    values = {name: {frame.info.get(name) for frame in frames} for name in SPELLINGS}
    return {name: sorted(found, key=lambda value: (value is None, value or 0)) for name, found in values.items() if len(found) > 1}
