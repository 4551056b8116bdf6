"""Table molecules: the molecules of a data set, and those left out, from the manifest of the data stage."""

from nnip.jobs.warm import hand_over

hand_over()

from typing import Any

from nnip.jobs.errors import run
from nnip.study.manifest import read_manifest
from nnip.study.tables import write_table

KEPT = ("formula", "n_atoms", "conformers", "conformers_apart")


def rows(manifest: dict[str, Any], smiles: dict[str, str], test_smiles: dict[str, str]) -> list[dict[str, Any]]:
    """A row per molecule, in the order of the config."""
    known, left_out = manifest["molecules"], manifest["left_out"]
    return [
        {"molecule": name, "smiles": given, "only_tested": name in test_smiles, "reason": left_out.get(name)}
        | {key: known[name][key] for key in KEPT if name in known}
        for name, given in (smiles | test_smiles).items()
    ]


if __name__ == "__main__":
    job = snakemake
    given = dict(job.params.smiles), dict(job.params.test_smiles)
    run(lambda: write_table("molecules", rows(read_manifest(job.input.manifest), *given), job.output[0]), log=job.log[0])
