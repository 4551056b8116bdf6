"""One figure, drawn from its tables by the module nnip.figures.<figure>."""

from nnip.jobs.warm import hand_over

hand_over()

import importlib
from collections.abc import Mapping
from typing import Any

import pandas as pd

from nnip.figures.style import save
from nnip.jobs.errors import run
from nnip.study.tables import of_main_models, read_table


def draw_figure(name: str, inputs: Mapping[str, str], given: dict[str, Any], main_set: str | None, outputs: list[str]) -> None:
    """Write one figure; inputs: its tables and other files by name; given: its other arguments; main_set: name of the main training set."""
    figure = importlib.import_module(f"nnip.figures.{name}")
    names = [table for table in (*figure.FIGURE.needs, *figure.FIGURE.uses) if table in inputs]
    tables = {table: of_main_models(table, read_table(table, inputs[table]), main_set) for table in names}
    others = {other: pd.read_csv(inputs[other], keep_default_na=False) for other in figure.FIGURE.inputs}
    save(figure.draw(**tables, **others, **given), outputs)


if __name__ == "__main__":
    job = snakemake
    given = {**job.params.options, **dict(job.wildcards.items())}
    run(lambda: draw_figure(job.params.figure, dict(job.input.items()), given, job.params.main_set, list(job.output)), log=job.log[0])
