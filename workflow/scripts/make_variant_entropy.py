"""Loss entropy of landscapes beside the main line: over test splits, or with frozen parameters."""

from nnip.analyse.entropy import entropy_table
from nnip.jobs.errors import run
from nnip.study.tables import read_table, write_table


def make_variant_entropy(variant: str, landscape_path: str, options: dict[str, float], entropy_path: str) -> None:
    """Write table entropy_<variant> of table landscape_<variant>; options: T_energy_eV_per_atom, T_forces_eV_per_A, alpha."""
    landscape = read_table(f"landscape_{variant}", landscape_path)
    settings = (options["T_energy_eV_per_atom"], options["T_forces_eV_per_A"], options["alpha"])
    write_table(f"entropy_{variant}", entropy_table(landscape, *settings, table=f"entropy_{variant}"), entropy_path)


if __name__ == "__main__":
    job = snakemake
    run(lambda: make_variant_entropy(job.wildcards.variant, job.input.landscape, job.params.options, job.output.entropy), log=job.log[0])
