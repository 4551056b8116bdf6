"""The available frameworks, and their choices.py, which needs no torch (nnip.potentials.base lists its content)."""

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

EVALUATION = 0.4  # energies and forces of a frame, in training steps
ATOMS = 27  # in the frames whose steps each framework has timed


def frameworks() -> list[str]:
    """The names of all frameworks, sorted: the sub-packages of nnip.potentials."""
    return sorted(path.parent.name for path in Path(__file__).parent.glob("*/choices.py"))


def choices(framework: str) -> ModuleType:
    """Module nnip.potentials.<framework>.choices."""
    return importlib.import_module(f"nnip.potentials.{framework}.choices")


def evaluation_s(framework: str, row: dict[str, Any], n_atoms: int) -> float:
    """Rough seconds of a CPU core for energies and forces of one frame, by a row of the model table."""
    return EVALUATION * choices(framework).step_s_per_frame(row) * n_atoms / ATOMS
