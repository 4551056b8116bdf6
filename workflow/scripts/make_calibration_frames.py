"""Frames for the calibration of a study's models, and what its engine costs: see nnip.cost.frames."""

from nnip.cost.frames import make_frames
from nnip.data.extxyz import write_frames
from nnip.jobs.errors import run
from nnip.jobs.files import write_json

if __name__ == "__main__":
    job = snakemake

    def make() -> None:
        frames, costs = make_frames(dict(job.params.options), job.params.seed, job.input[0] if job.input else None)
        write_frames(job.output.frames, frames)
        write_json(job.output.engine, costs)

    run(make, log=job.log[0])
