"""Noisy copies of training and validation frames: see nnip.data.noise."""

from nnip.data.noise import add_noise
from nnip.jobs.errors import run

if __name__ == "__main__":
    job = snakemake
    frames, wildcards = job.input, job.wildcards
    run(lambda: add_noise(frames.train, frames.val, wildcards.label, float(wildcards.sigma), job.params.seed, job.params.directory), log=job.log[0])
