"""config/README.md, made from the schemas: python workflow/scripts/document_config.py > config/README.md (with PYTHONPATH=workflow)."""

from collections.abc import Iterator
from typing import Any

import yaml

from nnip.data import selection
from nnip.study.schema import load_schema

HEAD = """# Configuration

A study is one file: `snakemake --cores N --configfile config/<study>.yaml`; without `--configfile` it is `config/demo.yaml`. Single keys can be set
on the command line: `--config seed=2 'md={n_replicas: 5}'`. Unknown keys, wrong types and impossible values stop the study before any work, naming
the key and what was probably meant.

| file | study |
|---|---|
| `demo.yaml`, `models/demo.yaml` | both frameworks, small, on two cores in minutes |
| `aluminium.yaml`, `models/aluminium.yaml` | a periodic metal, made by EMT or the released ANI-Al set, with the noise study on forces and energies |
| `published.yaml`, `models/published.yaml` | the raw data the paper's authors released: no training |

Tables below are made from `workflow/schemas/` by `workflow/scripts/document_config.py`.
"""

TRAINING_SETS = """A block under `training_sets` has the set's name (letters, digits, `_`, `+`, `-`). Its models are trained once per seed, and
their errors taken on every split. Sets beside the main one change no frame of it and of its learning curve.

```yaml
training_sets:
  energies: {learn: [energy]}                       # the n_train frames, their energies alone
  apart:    {select: {every: 5}, size: 50}          # frames that lie apart in their trajectories
  large:    {pool: aluminium-108, size: 40}         # drawn from another block of `datasets`, tested on the frames of `dataset`
```
"""


def cell(value: Any) -> str:
    """A default as it would stand in YAML."""
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
    """The kinds of selection with the first line of what their functions say, as a Markdown table."""
    rows = [f"| `{name}` | {(function.__doc__ or '').splitlines()[0]} |" for name, function in selection.kinds().items()]
    return "\n".join(["| kind | frames |", "|---|---|", *rows]) + "\n"


def document() -> str:
    """The whole page."""
    config, models = load_schema("config"), load_schema("models")
    sources = [f"### `source: {name}`\n\n{table(config['$defs'][name])}" for name in ("xtb", "emt", "3bpa", "ani-al", "extxyz", "published")]
    return "\n".join(
        [
            HEAD,
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


if __name__ == "__main__":
    print(document(), end="")
