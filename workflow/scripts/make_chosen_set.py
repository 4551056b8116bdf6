"""The main training set with chosen frames: see nnip.data.additions."""

from nnip.jobs.warm import hand_over

hand_over()

from pathlib import Path

from nnip.data.additions import add_selected
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    main = dict(zip(("train", "val", "manifest"), job.input.main_set, strict=True))
    params, directory = job.params, Path(job.output.manifest).parent
    run(lambda: add_selected(params.recipe, params.fraction, main, job.input.chosen, job.input.pool, directory), log=job.log[0])
