"""How loss entropy depends on the numbers of directions and points, and whether it tells models apart."""

from typing import Any

from nnip.analyse.entropy_convergence import Settings, sampling
from nnip.analyse.entropy_variance import resolution
from nnip.jobs.errors import run
from nnip.study.tables import read_table, write_table


def make_sampling(landscape_path: str, entropy: dict[str, float], statistics: dict[str, Any], seed: int, outputs: dict[str, str]) -> None:
    """Write tables sampling and resolution; entropy and statistics: those blocks of the config."""
    landscape = read_table("landscape", landscape_path)
    settings = Settings(**entropy, n_bootstrap=statistics["n_bootstrap"], confidence=statistics["confidence"], seed=seed)
    write_table("sampling", sampling(landscape, settings), outputs["sampling"])
    write_table("resolution", resolution(landscape, settings), outputs["resolution"])


if __name__ == "__main__":
    job = snakemake
    run(
        lambda: make_sampling(job.input.landscape, job.params.entropy, job.params.statistics, job.params.seed, dict(job.output.items())),
        log=job.log[0],
    )
