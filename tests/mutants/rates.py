"""What is said of the mutants: which of them alter nothing, and the table of rates in docs/reliability.md."""

import tomllib
from itertools import zip_longest
from pathlib import Path

MARKS = ("<!-- mutants -->", "<!-- /mutants -->")


def known_equivalents() -> set[tuple[str, str, str]]:
    """Changes that alter nothing a table or a page shows, with their reasons in equivalent.toml: module, the line, what it becomes."""
    table = tomllib.loads(Path(__file__).with_name("equivalent.toml").read_text(encoding="utf-8"))
    return {(row["module"], row["line"], row["becomes"]) for row in table.get("mutant", [])}


def changed(whole: str, mutant: str) -> tuple[str, str]:
    """The lines that differ, before and after."""
    pairs = [(a.strip(), b.strip()) for a, b in zip_longest(whole.splitlines(), mutant.splitlines(), fillvalue="") if a != b]
    return " ".join(a for a, _ in pairs), " ".join(b for _, b in pairs)


def write_rates(path: Path, counts: dict[str, dict[str, int]], areas: dict[str, dict[str, object]], seed: int) -> None:
    """The table between the marks of the document."""
    rows = ["| area | mutants | noticed | survived | equivalent | rate |", "|---|---|---|---|---|---|"]
    for area, count in counts.items():
        noticed, survived, same = (count.get(key, 0) for key in ("noticed", "survived", "equivalent"))
        rate = f"{noticed / (noticed + survived):.0%}" if noticed + survived else "–"
        rows.append(f"| {area}: {areas[area]['words']} | {noticed + survived + same} | {noticed} | {survived} | {same} | {rate} |")
    before, _, rest = path.read_text(encoding="utf-8").partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    table = "\n".join([MARKS[0], f"Seed {seed}; rate: of those that are not equivalent.", "", *rows, MARKS[1]])
    path.write_text(before + table + after, encoding="utf-8")
