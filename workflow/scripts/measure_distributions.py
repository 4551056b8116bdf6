"""Energies, forces and bond lengths of every split of the data."""

from nnip.data.frames import read_labelled
from nnip.jobs.errors import run
from nnip.measure.data_distributions import distributions
from nnip.study.tables import write_table


def measure_distributions(files: dict[str, str], n_bins: int, outputs: dict[str, str]) -> None:
    """Write tables distributions and distribution_moments; files: split -> labelled frames."""
    counts, moments = distributions({split: read_labelled(path) for split, path in files.items()}, n_bins)
    write_table("distributions", counts, outputs["distributions"])
    write_table("distribution_moments", moments, outputs["distribution_moments"])


if __name__ == "__main__":
    job = snakemake
    files = dict(zip(job.params.splits, [job.input.train, job.input.val, *job.input.tests], strict=True))
    run(lambda: measure_distributions(files, job.params.options["n_bins"], dict(job.output.items())), log=job.log[0])
