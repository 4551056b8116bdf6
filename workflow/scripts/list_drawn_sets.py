"""Table drawn_sets: the training sets of the diversity block, from their manifests."""

from nnip.jobs.warm import hand_over

hand_over()

from typing import Any

from nnip.jobs.errors import run
from nnip.study.manifest import read_manifest
from nnip.study.tables import write_table
from nnip.study.training_sets import designs, training_sets


def rows(config: dict[str, Any], manifests: list[str]) -> list[dict[str, Any]]:
    """A row per set, in the order of the config; manifests: those of the sets, in the same order."""
    sets, points = [each for each in training_sets(config).values() if each.draw], designs(config)
    found = []
    for each, path in zip(sets, manifests, strict=True):
        manifest, point = read_manifest(path), (each.draw.n_molecules, each.draw.n_conformers)
        found.append(
            {
                "training_set": each.name,
                "designs": "+".join(name for name, own in points.items() if point in own),
                "draw": each.draw.number,
                "n_molecules": point[0],
                "n_conformers": point[1],
                "molecules": "+".join(manifest["molecules"]),
                "missing_elements": "+".join(manifest["missing_elements"]) or None,
            }
        )
    return found


if __name__ == "__main__":
    job = snakemake
    run(lambda: write_table("drawn_sets", rows(dict(job.params.config), list(job.input.manifests)), job.output[0]), log=job.log[0])
