"""The frameworks there are, and what each of them says of itself without torch (choices.py; nnip.potentials.base lists what that holds)."""

import importlib
from pathlib import Path
from types import ModuleType


def frameworks() -> list[str]:
    """The names of all frameworks, sorted: the sub-packages of nnip.potentials."""
    return sorted(path.parent.name for path in Path(__file__).parent.glob("*/choices.py"))


def choices(framework: str) -> ModuleType:
    """Module nnip.potentials.<framework>.choices of one of them."""
    return importlib.import_module(f"nnip.potentials.{framework}.choices")
