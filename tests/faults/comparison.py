"""Tables of two studies compared byte for byte."""

from pathlib import Path

# columns that no two runs share
TIMES = {"trainings.csv": ["wall_s"]}


def differences(tables: Path, reference: Path) -> list[str]:
    """What differs between two studies' tables, byte for byte but for the wall times; one text per table, none where all are equal."""
    found = []
    for path in sorted(reference.rglob("*.csv")):
        name = str(path.relative_to(reference))
        other = tables / name
        if not other.exists():
            found.append(f"{name} is missing")
        elif _content(other, TIMES.get(name, [])) != _content(path, TIMES.get(name, [])):
            found.append(f"{name} differs")
    return found


def _content(path: Path, without: list[str]) -> list[list[str]]:
    lines = [line.split(",") for line in path.read_text(encoding="utf-8").split("\n")]
    places = {lines[0].index(name) for name in without if name in lines[0]}
    return [[value for place, value in enumerate(line) if place not in places] for line in lines]
