"""Noisy copies of training and validation frames: see nnip.noise."""

from nnip.errors import run
from nnip.noise import add_noise

if __name__ == "__main__":
    job = snakemake
    frames, wildcards = job.input, job.wildcards
    run(lambda: add_noise(frames.train, frames.val, wildcards.label, float(wildcards.sigma), job.params.seed, job.params.directory), log=job.log[0])
