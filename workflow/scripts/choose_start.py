"""The frame that MD starts from: see nnip.data.start."""

from nnip.jobs.warm import hand_over

hand_over()

from pathlib import Path

from nnip.data.start import choose_start
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    trained = dict(zip(job.params.trained_sets, job.input.trained, strict=True))
    run(lambda: choose_start(job.params.start, job.params.rules, job.input.own, trained, Path(job.output.manifest).parent), log=job.log[0])
