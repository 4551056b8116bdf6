"""The manifest of a whole study: config, models, and checksums of all tables and figures."""

from nnip.jobs.warm import hand_over

hand_over()

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnip.jobs.errors import run
from nnip.jobs.files import sha256
from nnip.study.manifest import Stopwatch, read_manifest, write_manifest


def write_study_manifest(config: dict[str, Any], models: dict[str, Any], results: Sequence[str], manifests: Sequence[str], output: str) -> None:
    """Write manifest.json; manifests: those of the study's jobs; stages_wall_s is the sum of their wall times in s."""
    watch = Stopwatch()
    folder = Path(output).parent
    stages = [read_manifest(path) for path in manifests]
    write_manifest(
        output,
        stage="study",
        settings={"config": config, "models": models},
        seeds={"root": config["seed"]},
        device=", ".join(sorted({stage["device"] for stage in stages})) or "cpu",
        watch=watch,
        stages_wall_s=round(sum(stage["wall_s"] for stage in stages), 3),
        sha256={str(Path(path).relative_to(folder)): sha256(path) for path in sorted(results)},
    )


if __name__ == "__main__":
    job = snakemake
    config = {key: value for key, value in job.config.items() if key != "mirror"}
    run(lambda: write_study_manifest(config, job.params.models, job.input.results, job.input.manifests, job.output[0]), log=job.log[0])
