"""The cost of planning a study against its number of models: `snakemake -n`, after which nothing has run."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from rounds import digits, seconds_of

ROOT = Path(__file__).resolve().parents[1]
MODELS = (2, 10, 30, 100)


def planned(short: bool) -> Iterator[dict[str, Any]]:
    """Rows of curve models: CPU seconds of `snakemake -n` of the bench's study with n models, half of each framework."""
    for n in MODELS[: 1 if short else None]:
        with tempfile.TemporaryDirectory() as folder:
            table, config = Path(folder) / "models.yaml", Path(folder) / "config.yaml"
            table.write_text(yaml.safe_dump(models(n), sort_keys=False), encoding="utf-8")
            study = yaml.safe_load((ROOT / "benchmarks/bench.yaml").read_text(encoding="utf-8"))
            config.write_text(yaml.safe_dump(study | {"study": f"bench-plan-{n}", "models": str(table)}, sort_keys=False), encoding="utf-8")
            command = [str(ROOT / ".venv/bin/snakemake"), "--cores=1", "-n", "--quiet", "--nolock", f"--configfile={config}"]

            def plan(_: int, command: list[str] = command) -> None:
                subprocess.run(command, cwd=ROOT, env=os.environ, check=True, capture_output=True)

            cost = digits(seconds_of(plan, 1)[1])
            yield {"framework": "", "path": "", "curve": "models", "x": n, "cost_s": cost, "part_s": None, "at_once": None, "device": "cpu"}


def models(n: int) -> dict[str, Any]:
    """The bench's table with n models."""
    table = yaml.safe_load((ROOT / "benchmarks/models.yaml").read_text(encoding="utf-8"))
    names = {framework: [f"{framework}-{number}" for number in range(n // 2)] for framework in ("nequip", "mace")}
    rows = {name: {"framework": framework, "label": name, "lr": 0.01 + 0.0001 * k} for framework in names for k, name in enumerate(names[framework])}
    return table | {"models": rows, "experiments": {framework: {"title": framework, "models": each} for framework, each in names.items()}}
