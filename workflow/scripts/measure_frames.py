"""One measurement of the frames alone, by nnip.measure.<name>."""

from nnip.jobs.warm import hand_over

hand_over()

from nnip.jobs.errors import run
from nnip.measure.frames import measure_frames

if __name__ == "__main__":
    job = snakemake
    files = dict(zip(job.params.splits, job.input.frames, strict=True))
    run(lambda: measure_frames(job.params.name, job.params.options, files, job.params.directory), log=job.log[0])
