"""The figures there are: every module of nnip.figures that declares one.

A declaration is found in the module's source, and its expression alone is evaluated, with nothing but the class Figure in scope. So planning a study
imports no figure, and loads neither matplotlib nor pandas.
"""

import ast
import functools
from pathlib import Path

from nnip.figures.declaration import Figure
from nnip.jobs.errors import InputError

FOLDER = Path(__file__).parent / "figures"


@functools.cache
def figures(folder: Path = FOLDER) -> dict[str, Figure]:
    """Name of the module -> its figure. A module with neither FIGURE nor draw is a helper.

    InputError names the file of a declaration that is missing, incomplete or of another figure than its function draws.
    """
    found = {}
    for path in sorted(folder.glob("*.py")):
        statements = ast.parse(path.read_text(encoding="utf-8"), str(path)).body
        declarations = [node.value for node in statements if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FIGURE"]
        functions = [node.args for node in statements if isinstance(node, ast.FunctionDef) and node.name == "draw"]
        if not declarations and not functions:
            continue
        if not declarations:
            raise InputError(f"{path}: has a function draw, but no FIGURE = Figure(...) that says what it is drawn from")
        if not functions:
            raise InputError(f"{path}: declares a FIGURE, but has no function draw that draws it")
        found[path.stem] = _declared(declarations[0], path)
        _check_arguments(found[path.stem], functions[0], path)
    return found


def _declared(expression: ast.expr, path: Path) -> Figure:
    try:
        figure = eval(compile(ast.Expression(expression), str(path), "eval"), {"__builtins__": {}, "Figure": Figure})
    except Exception as error:
        raise InputError(f"{path}: FIGURE: {error}") from None
    if not isinstance(figure, Figure):
        raise InputError(f"{path}: FIGURE is no Figure(...)")
    return figure


def _check_arguments(figure: Figure, arguments: ast.arguments, path: Path) -> None:
    names = [argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)]
    if differ := figure.arguments ^ set(names):
        raise InputError(f"{path}: FIGURE and the arguments of draw differ in {', '.join(sorted(differ))}")
    if needed := set(figure.uses).intersection(names[: len(arguments.args) - len(arguments.defaults)]):
        raise InputError(f"{path}: draw needs {', '.join(sorted(needed))}, which FIGURE only uses: give it the default None")
