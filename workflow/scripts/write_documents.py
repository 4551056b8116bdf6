"""Write config/README.md and docs/tables.md from the declarations: PYTHONPATH=workflow python workflow/scripts/write_documents.py"""

from collections.abc import Iterator
from typing import Any

import yaml

from nnip.data import selection
from nnip.declare import Table
from nnip.declare.core import CORE
from nnip.declare.registry import analyses, measurements
from nnip.jobs.errors import run
from nnip.jobs.files import write_text
from nnip.study.schema import SCHEMAS, load_schema

HEAD = """# Configuration

A study is one file: `snakemake --cores N --configfile config/<study>.yaml`; without `--configfile` it is `config/demo.yaml`. `make cost CONFIG=...`
tells beforehand what it would take. Single keys can be set on the command line: `--config seed=2 'md={n_replicas: 5}'`. Unknown keys, wrong types and
impossible values stop the study before any work; the message names the key and the probable correction.

| file | study |
|---|---|
{studies}

`workflow/scripts/write_documents.py` makes the tables below from `workflow/schemas/` and from the declarations of measurements and analyses.
"""


TRAINING_SETS = """A block under `training_sets` has the set's name (letters, digits, `_`, `+`, `-`). Its models are trained once per seed and
evaluated on every split. Further sets do not change the frames of the main set and of its learning curve.

```yaml
training_sets:
  energies: {learn: [energy]}                       # the n_train frames, energies only
  apart:    {select: {every: 5}, size: 50}          # every fifth frame of the trajectories
  large:    {pool: aluminium-108, size: 40}         # drawn from another block of `datasets`, tested on the frames of `dataset`
```
"""


def cell(value: Any) -> str:
    """A default in YAML."""
    return f"`{yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix('...' + chr(10)).strip()}`"


def rows(schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """One table row per key, keys of blocks with dots."""
    for name, part in schema.get("properties", {}).items():
        key = prefix + name
        nested = "properties" in part
        default = "" if nested and part.get("default") == {} else cell(part["default"]) if "default" in part else "required"
        if name not in schema.get("required", []) and "default" not in part and not nested:
            default = ""
        meaning = part.get("description", "")
        if "enum" in part:
            meaning += f" One of {', '.join(map(str, part['enum']))}."
        elif "enum" in part.get("items", {}):
            meaning += f" Of {', '.join(map(str, part['items']['enum']))}."
        yield f"| `{key}` | {default} | {part.get('x-unit', '')} | {meaning} |"
        if nested:
            yield from rows(part, f"{key}.")


def table(schema: dict[str, Any]) -> str:
    """All keys of a schema as a Markdown table."""
    return "\n".join(["| key | default | unit | meaning |", "|---|---|---|---|", *rows(schema)]) + "\n"


def selections() -> str:
    """The kinds of selection with the first line of their docstrings, as a Markdown table."""
    rows = [f"| `{name}` | {(function.__doc__ or '').splitlines()[0]} |" for name, function in selection.kinds().items()]
    return "\n".join(["| kind | frames |", "|---|---|", *rows]) + "\n"


def studies() -> str:
    """A table row for each config, with its first line."""
    files = sorted((SCHEMAS.parents[1] / "config").glob("*.yaml"))
    firsts = [file.read_text(encoding="utf-8").splitlines()[0].removeprefix("#").split("Every key:")[0].strip() for file in files]
    return "\n".join(f"| `{file.name}`, `models/{file.name}` | {first} |" for file, first in zip(files, firsts, strict=True))


def config_page() -> str:
    """config/README.md."""
    config, models = load_schema("config"), load_schema("models")
    sources = [f"### `source: {name}`\n\n{table(config['$defs'][name])}" for name in ("xtb", "emt", "3bpa", "ani-al", "extxyz", "published")]
    return "\n".join(
        [
            HEAD.replace("{studies}", studies()),
            "## The config\n",
            table(config),
            "## Training sets\n",
            TRAINING_SETS,
            table(config["$defs"]["training_set"]),
            "Kinds of `select`; a further kind is one function in `workflow/nnip/data/selection.py`.\n",
            selections(),
            "## Data sets\n",
            "A block under `datasets`; its keys depend on `source`.\n",
            *sources,
            "## The model table\n",
            table(models),
            "### A model\n",
            table(models["$defs"]["model"]),
        ]
    )


TABLES_HEAD = """# Tables

All tables of a study, `results/<study>/tables/<table>.csv`. A missing measurement is a missing row, never a zero.
A blank means unknown or not applicable. This page is made from the declarations by `workflow/scripts/write_documents.py`.
"""


def tables_page() -> str:
    """docs/tables.md."""
    made = [("Of the study", CORE)]
    made += [(f"Measurement `{name}`", each.tables) for name, each in measurements().items()]
    made += [(f"Analysis `{name}`", each.tables) for name, each in analyses().items()]
    parts = [TABLES_HEAD]
    for title, tables in made:
        parts += [f"## {title}\n", *(table_section(name, content) for name, content in tables.items())]
    return "\n".join(parts)


def table_section(name: str, content: Table) -> str:
    """One table with its columns."""
    columns = [
        f"| `{column}` | {each.kind}{', or blank' if each.optional else ''} | {each.unit} | {each.meaning} |"
        for column, each in content.columns.items()
    ]
    return "\n".join(
        [
            f"### {name}\n",
            f"A row: {content.row[0].lower()}{content.row[1:]}\n",
            "| column | type | unit | meaning |",
            "|---|---|---|---|",
            *columns,
            "",
        ]
    )


def main() -> None:
    root = SCHEMAS.parents[1]
    write_text(root / "config" / "README.md", config_page())
    write_text(root / "docs" / "tables.md", tables_page())


if __name__ == "__main__":
    run(main)
