"""The registry of the figures, measurements and analyses that modules declare.

A declaration (FIGURE, MEASUREMENT, ANALYSIS) is found in the module's source, and only its expression is evaluated, with the names of nnip.declare
in scope. Planning a study, or checking a table in any environment, therefore loads neither torch nor pandas nor matplotlib.
"""

import ast
import functools
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from nnip import declare
from nnip.declare import Analysis, Figure, Measurement, Quantity, Table
from nnip.declare.core import CORE
from nnip.jobs.errors import InputError

LIBRARY = Path(__file__).parents[1]
SCOPE = {"__builtins__": {}} | {name: getattr(declare, name) for name in declare.__all__}
T = TypeVar("T", Figure, Measurement, Analysis)


@functools.cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a module; planning a study looks at the same modules for declarations and for imports."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@functools.cache
def figures(folder: Path = LIBRARY / "figures") -> dict[str, Figure]:
    """Name of the module -> its figure; InputError names the file of a declaration that is incomplete or does not have the arguments of draw."""
    declared = _declared(folder, Figure, "draw")
    for name, figure in declared.items():
        _check_arguments(figure, folder / f"{name}.py")
    return declared


@functools.cache
def measurements(folder: Path = LIBRARY / "measure") -> dict[str, Measurement]:
    """Name of the module -> its measurement."""
    return _declared(folder, Measurement, "measure")


@functools.cache
def analyses(folder: Path = LIBRARY / "analyse") -> dict[str, Analysis]:
    """Name of the module -> its analysis; an analysis that collects uses the tables of all quantities."""
    declared = _declared(folder, Analysis, "analyse")
    every = _quantities(declared)
    for name, analysis in declared.items():
        if analysis.collects:
            uses = dict.fromkeys((*analysis.uses, *(quantity.table for quantity in every)))
            keys = dict.fromkeys((*analysis.settings, *(key for quantity in every for key in quantity.at.values())))
            declared[name] = replace(analysis, uses=tuple(table for table in uses if table not in analysis.needs), settings=tuple(keys))
    return declared


def made_of(
    found: Mapping[str, Analysis], absent: Collection[str], released: bool, setting: Callable[[str], Any]
) -> tuple[dict[str, Analysis], set[str]]:
    """The analyses that a study makes, and all tables that it does not make.

    absent: tables that it does not measure; released: whether the study is of released tables; setting: the value of a key of the config.
    """
    lacking = set(absent)
    while missing := [each for each in found.values() if not each.is_made(lacking, released, setting) and not set(each.tables) <= lacking]:
        lacking.update(*(each.tables for each in missing))
    return {name: each for name, each in found.items() if not set(each.tables) <= lacking}, lacking


@functools.cache
def tables() -> dict[str, Table]:
    """Every table a study can have, by name; InputError if two modules declare the same table."""
    known = dict(CORE)
    for made in (*(each.tables for each in measurements().values()), *(each.tables for each in analyses().values())):
        if twice := known.keys() & made.keys():
            raise InputError(f"nnip: table '{min(twice)}' is declared twice")
        known |= made
    return known


@functools.cache
def measured_tables() -> set[str]:
    """The tables that no analysis makes."""
    return {*CORE, *(table for measurement in measurements().values() for table in measurement.tables)}


@functools.cache
def quantities() -> dict[str, Quantity]:
    """Every predictor and outcome by name, in the order of the modules."""
    return {quantity.name: quantity for quantity in _quantities(analyses())}


def _quantities(found: Mapping[str, Analysis]) -> list[Quantity]:
    made = (*(each.quantities for each in measurements().values()), *(each.quantities for each in found.values()))
    return [quantity for group in made for quantity in group]


def _declared(folder: Path, kind: type[T], function: str) -> dict[str, T]:
    """Declarations of the modules of a folder. A module with neither the declaration nor the function is a helper."""
    name, declared = kind.__name__.upper(), {}
    for path in sorted(folder.glob("*.py")):
        statements = parsed(path).body
        declarations = [node.value for node in statements if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name]
        functions = [node for node in statements if isinstance(node, ast.FunctionDef) and node.name == function]
        if not declarations and not functions:
            continue
        if not declarations:
            raise InputError(f"{path}: has a function {function}, but no {name} = {kind.__name__}(...)")
        if not functions:
            raise InputError(f"{path}: declares {name}, but has no function {function}")
        declared[path.stem] = _evaluated(declarations[0], path, kind)
    return declared


def _evaluated(expression: ast.expr, path: Path, kind: type[T]) -> T:
    try:
        value: Any = eval(compile(ast.Expression(expression), str(path), "eval"), dict(SCOPE))
    except Exception as error:
        raise InputError(f"{path}: {kind.__name__.upper()}: {error}") from None
    if not isinstance(value, kind):
        raise InputError(f"{path}: {kind.__name__.upper()} is not a {kind.__name__}(...)")
    return value


def _check_arguments(figure: Figure, path: Path) -> None:
    functions = [node for node in parsed(path).body if isinstance(node, ast.FunctionDef) and node.name == "draw"]
    arguments = functions[0].args
    names = [argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)]
    if differ := figure.arguments ^ set(names):
        raise InputError(f"{path}: FIGURE and the arguments of draw differ in {', '.join(sorted(differ))}")
    if needed := set(figure.uses).intersection(names[: len(arguments.args) - len(arguments.defaults)]):
        raise InputError(f"{path}: draw needs {', '.join(sorted(needed))}, which FIGURE only uses: give it the default None")
