"""The calibration of all models of a study in one file, with a manifest."""

import json
from pathlib import Path

from nnip.cost.calibration import read_calibration, write_calibration
from nnip.jobs.errors import run
from nnip.study.manifest import Stopwatch, write_manifest

if __name__ == "__main__":
    job = snakemake

    def gather() -> None:
        watch = Stopwatch()
        rows = [row for path in job.input.models for row in read_calibration(path, job.params.device).values()]
        write_calibration(job.output.calibration, rows)
        write_manifest(
            job.output.manifest,
            stage="cost",
            settings={"architectures": {row.architecture: row.model for row in rows}, "device": job.params.device},
            seeds={"root": job.params.seed},
            device=", ".join(dict.fromkeys(row.device for row in rows)),
            watch=watch,
            machine=list(dict.fromkeys(row.machine for row in rows)),
            engine=json.loads(Path(job.input.engine).read_text()),
        )

    run(gather, log=job.log[0])
