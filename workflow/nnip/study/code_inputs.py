"""The files whose code a job runs: what a script imports of this project, found without importing anything.

A job has these files as inputs, so a change of what decides its numbers makes its results again.
"""

import ast
import functools
from pathlib import Path

WORKFLOW = Path(__file__).parents[2]
ROOTS = (WORKFLOW, WORKFLOW / "scripts")

# Modules that only say, read, write or check something and decide no number.
# An edit of them makes nothing again; otherwise every reworded message would train all models again.
INFRASTRUCTURE = frozenset(
    {
        "nnip.jobs.errors",  # messages to the user
        "nnip.jobs.files",  # whole files, checksums
        "nnip.study.tables",  # types and columns of tables, checked against the schema
        "nnip.study.schema",  # checks of config and model table
        "nnip.study.manifest",  # what made a result
        "nnip.jobs.memory",  # frames at once; the results are the same however many
        "nnip.jobs.checkpoints",  # resumed results are the same to the bit
        "nnip.jobs.gpus",  # which GPU a job takes
    }
)


@functools.cache
def code_inputs(*files: str, ignore: frozenset[str] = INFRASTRUCTURE) -> list[Path]:
    """These files of workflow/ and all modules of the project that they import, directly or not; without `ignore` and what only that imports."""
    found: set[Path] = set()
    left = [WORKFLOW / file for file in files]
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            left += [file for name in imported_names(path) if name not in ignore and (file := _file(name))]
    return sorted(found)


def framework_code(framework: str, ignore: frozenset[str] = INFRASTRUCTURE) -> list[Path]:
    """All modules of nnip.potentials.<framework>, which jobs import by the framework's name, and what these import."""
    folder = WORKFLOW / "nnip" / "potentials" / framework
    return code_inputs(*(str(path.relative_to(WORKFLOW)) for path in sorted(folder.glob("*.py"))), ignore=ignore)


@functools.cache
def imported_names(path: Path) -> set[str]:
    """All that a file imports, anywhere in it: also the packages around a module, and a.b.c for `from a.b import c`, where c may be a module.

    Imports under `if TYPE_CHECKING` do not count.
    """
    names: set[str] = set()
    left: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"), str(path))]
    while left:
        node = left.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            left += node.orelse
        else:
            left += ast.iter_child_nodes(node)
    return {".".join(parts[:end]) for parts in (name.split(".") for name in names) for end in range(1, len(parts) + 1)}


def _file(name: str) -> Path | None:
    """The file of a module or package of the project; None for others."""
    for root in ROOTS:
        for path in (root.joinpath(*name.split("."), "__init__.py"), root.joinpath(*name.split(".")).with_suffix(".py")):
            if path.exists():
                return path
    return None
