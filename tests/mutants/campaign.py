"""Small wrong changes (mutants) made to the modules that decide numbers and words, and whether a test notices: `make mutants`.

cosmic-ray makes the changes: one operator, number, comparison, logical word or loop at a time, in a copy of the project. The sample is drawn
by places of the code, not by changes, so that an expression of many operators counts once; the areas take turns until the time is up. Each
mutant meets the test files that import its module, no others. The rates go into docs/reliability.md.
"""

import argparse
import ast
import functools
import os
import random
import re
import shutil
import subprocess
import tempfile
import time
import tomllib
from collections import defaultdict
from itertools import zip_longest
from pathlib import Path

from cosmic_ray.commands import init
from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import WorkItem
from rates import changed, known_equivalents, write_rates

HERE = Path(__file__).resolve().parent
# what a person may write for another; any other exchange of operators fails at once and says nothing of the tests
SLIPS = re.compile(
    r"ReplaceBinaryOperator_(Add_Sub|Sub_Add|Mul_Div|Div_Mul|Mul_Add|Pow_Mul|FloorDiv_Div|Mod_FloorDiv|BitOr_BitAnd|BitAnd_BitOr)$"
    r"|ReplaceComparisonOperator_(?!\w+_Is(Not)?$)|ReplaceComparisonOperator_Is(Not)?_Is(Not)?$"
    r"|ReplaceUnaryOperator_(USub_UAdd|Delete_Not|Delete_USub|Invert_UAdd|Delete_Invert)$"
    r"|(NumberReplacer|ReplaceTrueWithFalse|ReplaceFalseWithTrue|ReplaceAndWithOr|ReplaceOrWithAnd|AddNot|ReplaceBreakWithContinue"
    r"|ReplaceContinueWithBreak|ZeroIterationForLoop)$"
)


def places(root: Path, areas: dict[str, dict[str, object]]) -> dict[str, list[list[WorkItem]]]:
    """Per area the places of its modules at which something can be changed, each with its possible changes, in a fixed order."""
    found: dict[str, list[list[WorkItem]]] = {}
    for area, own in areas.items():
        files = [file for name in own["modules"] for file in sorted(Path("workflow/nnip").glob(name)) if "figures" not in file.parts]
        database = WorkDB(str(root / ".mutants.sqlite"), WorkDB.Mode.create)
        init(files, database, {})
        by_place = defaultdict(list)
        for item in database.work_items:
            change = item.mutations[0]
            if SLIPS.search(change.operator_name) and not any(start <= change.start_pos <= end for start, end in spared(change.module_path)):
                by_place[str(change.module_path), change.start_pos, change.end_pos].append(item)
        database.close()
        found[area] = [
            sorted(by_place[key], key=lambda item: (item.mutations[0].operator_name, item.mutations[0].occurrence)) for key in sorted(by_place)
        ]
    return found


@functools.cache
def spared(file: Path) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Ranges of a module that decide nothing: annotations, decorators, whether zip is strict; and declared columns and options, as in schemas."""
    ranges = []
    for node in ast.walk(ast.parse(Path(file).read_text(encoding="utf-8"))):
        argument = isinstance(node, ast.keyword) and node.arg in ("strict", "tables", "options")
        for field in ("annotation", "returns", "decorator_list", *(["value"] if argument else [])):
            value = getattr(node, field, None)
            for part in value if isinstance(value, list) else [value] if value else []:
                ranges.append(((part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)))
    return ranges


HELPERS = ("known_study", "data_stage")  # modules that tests share


def tests_of(module: Path, folder: str) -> list[str]:
    """The test files of a folder that import the module or the quantities it declares, by themselves or through a helper.

    The one of its own exact numbers comes first, then those of others'.
    """
    names = f"{module.stem}|quantities" if "Quantity(" in module.read_text(encoding="utf-8") else module.stem
    imports = re.compile(rf"^\s*(from|import) [^#\n]*\bnnip\b[^#\n]*\b({names})\b", re.MULTILINE)
    texts = {file: file.read_text(encoding="utf-8") for file in sorted(Path(folder).glob("*.py"))}
    helpers = {file.stem for file, text in texts.items() if file.stem in HELPERS and imports.search(text)}
    own = [
        file
        for file, text in texts.items()
        if file.stem.startswith("test_") and (imports.search(text) or any(re.search(rf"^from {name} import", text, re.MULTILINE) for name in helpers))
    ]
    return [str(file) for file in sorted(own, key=lambda file: (file.stem != f"test_exact_{module.stem}", "_exact_" not in file.stem, file))]


class Runner:
    """An interpreter that has imported what takes long, and runs test files in forks of itself."""

    def __init__(self, python: Path) -> None:
        self.process = subprocess.Popen([python, HERE / "warm.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def passes(self, tests: list[str]) -> bool:
        assert self.process.stdin and self.process.stdout
        print(*tests, file=self.process.stdin, flush=True)
        return {"0": True, "1": False}[self.process.stdout.readline().strip()]


def main() -> None:
    """Draw the sample, try every mutant, write the rates and the survivors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=HERE.parents[1], help="the project whose tests are tried")
    parser.add_argument("--areas", nargs="*", help="only these")
    parser.add_argument("--each", type=int, default=60, help="mutants of an area at most")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--python", type=Path, required=True, help="of the workflow's environment")
    parser.add_argument("--torch-python", type=Path, required=True, help="of a framework's environment, for areas that need torch")
    parser.add_argument("--document", type=Path, help="page whose marked region gets the rates")
    given = parser.parse_args()
    document = given.document and given.document.absolute()
    pythons = {"unit": given.python.absolute(), "numerics": given.torch_python.absolute()}
    areas = tomllib.loads((HERE / "areas.toml").read_text(encoding="utf-8"))
    areas = {area: own for area, own in areas.items() if area in (given.areas or areas)}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        unwanted = shutil.ignore_patterns(".git", ".venv*", ".snakemake", "results", "logs", "shared", "__pycache__")
        shutil.copytree(given.root.absolute(), copy, ignore=unwanted)
        os.chdir(copy)
        sample = {}
        for area, found in places(copy, areas).items():
            rng = random.Random(f"{given.seed} {area}")
            sample[area] = [rng.choice(changes) for changes in rng.sample(found, min(given.each, len(found)))]
        folders = {area: f"tests/{own['tests']}" for area, own in areas.items()}
        tests = {item.job_id: tests_of(Path(item.mutations[0].module_path), folders[area]) for area in sample for item in sample[area]}
        runners = {name: Runner(pythons[name]) for name in {str(own["tests"]) for own in areas.values()}}
        for name, runner in runners.items():
            for file in sorted({file for area in sample for item in sample[area] for file in tests[item.job_id] if areas[area]["tests"] == name}):
                if not runner.passes([file]):
                    raise SystemExit(f"{file} fails without any change")
        end = time.monotonic() + 60 * given.minutes
        counts: dict[str, dict[str, int]] = {area: defaultdict(int) for area in areas}
        same = known_equivalents()
        for area, item in ((area, item) for turn in zip_longest(*sample.values()) for area, item in zip(sample, turn, strict=True) if item):
            if time.monotonic() > end:
                break
            change = item.mutations[0]
            module, runner = Path(change.module_path), runners[str(areas[area]["tests"])]
            with use_mutation(module, get_operator(change.operator_name)(**change.operator_args), change.occurrence) as (whole, mutant):
                before, after = changed(whole, mutant)
                noticed = (module.stem, before, after) not in same and bool(tests[item.job_id]) and not runner.passes(tests[item.job_id])
            kind = "noticed" if noticed else "equivalent" if (module.stem, before, after) in same else "survived"
            counts[area][kind] += 1
            print(area, kind, "" if noticed else f"{module.stem}:{change.start_pos[0]} {before}  ->  {after}", flush=True)
    for area, count in counts.items():
        print(f"{area}: {dict(count)}")
    if document:
        write_rates(document, counts, areas, given.seed)


if __name__ == "__main__":
    main()
