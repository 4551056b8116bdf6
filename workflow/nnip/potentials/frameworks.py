"""The available frameworks, and their choices.py, which needs no torch (nnip.potentials.base lists its content)."""

import importlib
from pathlib import Path
from types import ModuleType


def frameworks() -> list[str]:
    """The names of all frameworks, sorted: the sub-packages of nnip.potentials."""
    return sorted(path.parent.name for path in Path(__file__).parent.glob("*/choices.py"))


def choices(framework: str) -> ModuleType:
    """Module nnip.potentials.<framework>.choices."""
    return importlib.import_module(f"nnip.potentials.{framework}.choices")
