"""The released files of the paper, from their pinned commit or a mirror, with their checksums verified."""

from nnip.jobs.warm import hand_over

hand_over()

from collections.abc import Sequence
from pathlib import Path

from nnip.data.download import fetch
from nnip.jobs.errors import run


def fetch_published(outputs: Sequence[str], mirror: str | None) -> None:
    """Fetch every released file; InputError if one is not available or is not the published one."""
    for output in map(Path, outputs):
        fetch("published", output.name, mirror, output.parent)


if __name__ == "__main__":
    job = snakemake
    run(lambda: fetch_published(job.output, job.config["mirror"] or None), log=job.log[0])
