"""The files whose code a job runs: all modules of this project that a script imports, found without importing them.

A hash of these files is a parameter of a job, so its results are made again after a change of code that determines its numbers, and not after
one of the files' times.
"""

import ast
import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

from nnip.declare.registry import parsed

WORKFLOW = Path(__file__).parents[2]
ROOTS = (WORKFLOW, WORKFLOW / "scripts")

# Modules that only report, read, write or check something and determine no number.
# After an edit of them nothing is made again; otherwise every reworded message would train all models again.
INFRASTRUCTURE = frozenset(
    {
        "nnip.jobs.errors",  # messages to the user
        "nnip.jobs.files",  # whole files, checksums
        "nnip.study.tables",  # types and columns of tables, checked against the schema
        "nnip.study.schema",  # checks of config and model table
        "nnip.study.manifest",  # records of results
        "nnip.jobs.memory",  # number of frames at once, which does not change the results
        "nnip.jobs.checkpoints",  # resumed results are the same, bit for bit
        "nnip.jobs.warm",  # where a job runs
        "nnip.jobs.step_times",  # clock readings
        "nnip.jobs.spent",  # clock readings
        "nnip.jobs.gpus",  # choice of a GPU
    }
)


@functools.cache
def code_inputs(*files: str, ignore: frozenset[str] = INFRASTRUCTURE) -> list[Path]:
    """These files of workflow/ and all project modules that they import, directly or indirectly, except through modules in `ignore`."""
    paths: set[Path] = set()
    left = [WORKFLOW / file for file in files]
    while left:
        path = left.pop()
        if path not in paths:
            paths.add(path)
            left += _imported_files(path, ignore)
    return sorted(paths)


@functools.cache
def _imported_files(path: Path, ignore: frozenset[str]) -> list[Path]:
    return [file for name in imported_names(path) if name not in ignore and (file := _file(name))]


@functools.cache
def framework_code(framework: str, ignore: frozenset[str] = INFRASTRUCTURE) -> list[Path]:
    """All modules of nnip.potentials.<framework>, which jobs import by the framework's name, and their imports."""
    folder = WORKFLOW / "nnip" / "potentials" / framework
    return code_inputs(*(str(path.relative_to(WORKFLOW)) for path in sorted(folder.glob("*.py"))), ignore=ignore)


def code_hash(paths: Iterable[Path]) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of these files' paths in workflow/ and contents."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(WORKFLOW)} {_sha256(path)}\n".encode())
    return digest.hexdigest()[:16]


@functools.cache
def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@functools.cache
def imported_names(path: Path) -> set[str]:
    """All names that a file imports, anywhere in it, with their parent packages; `from a.b import c` gives a.b.c too, since c may be a module.

    Imports under `if TYPE_CHECKING` do not count.
    """
    names: set[str] = set()
    left: list[ast.AST] = [parsed(path)]
    while left:
        node = left.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            left += node.orelse
        else:
            # imports are statements, and only these fields hold statements
            left += [part for field in ("body", "orelse", "finalbody", "handlers", "cases") for part in getattr(node, field, ())]
    return {".".join(parts[:end]) for parts in (name.split(".") for name in names) for end in range(1, len(parts) + 1)}


@functools.cache
def _file(name: str) -> Path | None:
    """The file of a module or package of the project; None for any other."""
    for root in ROOTS:
        for path in (root.joinpath(*name.split("."), "__init__.py"), root.joinpath(*name.split(".")).with_suffix(".py")):
            if path.exists():
                return path
    return None
