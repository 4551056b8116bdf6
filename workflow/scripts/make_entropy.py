"""Loss entropy of every landscape, and how it depends on its settings."""

from nnip.analyse.entropy import entropy_table
from nnip.analyse.entropy_settings import sensitivity
from nnip.jobs.errors import run
from nnip.study.tables import read_table, write_table


def make_entropy(landscape_path: str, options: dict[str, float], entropy_path: str, sensitivity_path: str) -> None:
    """Write tables entropy and sensitivity; options: T_energy_eV_per_atom, T_forces_eV_per_A, alpha."""
    landscape = read_table("landscape", landscape_path)
    settings = (options["T_energy_eV_per_atom"], options["T_forces_eV_per_A"], options["alpha"])
    write_table("entropy", entropy_table(landscape, *settings), entropy_path)
    write_table("sensitivity", sensitivity(landscape, *settings), sensitivity_path)


if __name__ == "__main__":
    job = snakemake
    run(lambda: make_entropy(job.input.landscape, job.params.options, job.output.entropy, job.output.sensitivity), log=job.log[0])
