"""The frames of one training set: see nnip.data.training_set."""

from nnip.jobs.warm import hand_over

hand_over()

from pathlib import Path

from nnip.data.training_set import make_training_set
from nnip.jobs.errors import run
from nnip.study.manifest import read_manifest

if __name__ == "__main__":
    job = snakemake
    tests = dict(zip(job.params.tests, job.input.tests, strict=True))
    directory = Path(job.output.manifest).parent

    def make() -> None:
        isolated = read_manifest(job.input.pool_manifest).get("isolated_atoms_eV")
        # of the config and no parameter: another start does not make the frames again
        md = {**job.config["md"], "n_train": job.config["n_train"]} if job.params.like_main else None
        make_training_set(job.params.recipe, job.params.study, job.input.pool, tests, directory, isolated, md)

    run(make, log=job.log[0])
