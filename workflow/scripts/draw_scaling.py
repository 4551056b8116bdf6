"""Figure: extrapolation slope against 300 K error, of the literature and of the study's own models."""

import pandas as pd

from nnip.figures.scaling import draw_scaling
from nnip.figures.style import read_tables, save
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake

    def draw() -> None:
        literature = pd.read_csv(job.input.literature, keep_default_na=False)
        tables = read_tables({name: job.input[name] for name in ("models", "errors", "outcomes")})
        save(draw_scaling(literature, **tables), job.output)

    run(draw, log=job.log[0])
