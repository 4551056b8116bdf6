"""One analysis: tables made from tables by the module nnip.analyse.<analysis>."""

from nnip.jobs.warm import hand_over

hand_over()

import importlib
from collections.abc import Mapping
from typing import Any

from nnip.declare.registry import analyses
from nnip.jobs.errors import run
from nnip.study.tables import of_main_models, read_table, write_table


def analyse(name: str, inputs: Mapping[str, str], settings: dict[str, Any], main_set: str | None, outputs: Mapping[str, str]) -> None:
    """Write the tables of one analysis; inputs, outputs: paths of its tables by name; settings: the config by key; main_set: main training set."""
    declared = analyses()[name]
    names = [table for table in (*declared.needs, *declared.uses) if table in inputs]
    tables = {table: read_table(table, inputs[table]) for table in names}
    if not declared.every_set:
        tables = {table: of_main_models(table, rows, main_set) for table, rows in tables.items()}
    made = importlib.import_module(f"nnip.analyse.{name}").analyse(tables, settings)
    for table, path in outputs.items():
        write_table(table, made[table], path)


if __name__ == "__main__":
    job = snakemake
    params = job.params
    run(
        lambda: analyse(params.analysis, dict(job.input.items()), dict(params.settings), params.main_set, dict(job.output.items())),
        log=job.log[0],
    )
