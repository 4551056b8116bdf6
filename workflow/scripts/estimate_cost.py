"""Print the cost of a study by stage, and write that of every job: see nnip.cost.estimate."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

from nnip.cost.calibration import read_calibration
from nnip.cost.estimate import JobCost, by_stage, engine_s, in_words, model_jobs, wall_hours, warm
from nnip.jobs.errors import run
from nnip.jobs.files import whole
from nnip.study.measured import asked_for
from nnip.study.runs import list_runs

PROCESS_MB = 300


def estimate(inputs: dict[str, str], params: Any) -> str:
    """The table as text; <results>/cost/estimate.csv gets a row for every training and measurement."""
    config, models, results = params.config, params.models, Path(params.results)
    calibration = read_calibration(inputs["calibration"], config["device"])
    imports = {models[row.model]["framework"]: row.import_s for row in calibration.values()}
    if params.warm:
        calibration = {name: warm(row) for name, row in calibration.items()}
    engine = json.loads(Path(inputs["engine"]).read_text())
    of_models = model_jobs(config, models, list_runs(config, models), asked_for(config), params.n_frames, calibration, results)
    with whole(results / "cost" / "estimate.csv") as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("job", "stage", "estimated_s", "estimated_MB"))
        writer.writerows((job.name, job.stage, round(job.seconds, 3), round(job.memory_MB)) for job in of_models)
    (data_manifest, _), (study_manifest, n_tables) = params.workflow_jobs.values()
    every = [
        JobCost("data", "data", engine_s(config, engine) + engine["job_s"], PROCESS_MB, Path(data_manifest).exists()),
        *of_models,
        *(JobCost("warm processes", framework, seconds, PROCESS_MB) for framework, seconds in imports.items() if params.warm),
        JobCost("tables and figures", "tables", engine["job_s"], PROCESS_MB, Path(study_manifest).exists(), jobs=n_tables),
    ]
    origins = ", ".join(dict.fromkeys(f"{row.machine}, {row.device}, frames: {row.frames} ({row.n_atoms} atoms)" for row in calibration.values()))
    notes = [
        f"Calibrated on: {origins}.",
        "At most: failing replicas, trainings that stop early and searches that converge take less. Tables and figures: a start of Python for each.",
    ]
    unit = "GPU-hours" if config["device"] == "cuda" else "core-hours"
    return in_words(by_stage(every), unit, params.at_once, wall_hours(every, params.at_once), notes)


if __name__ == "__main__":
    job = snakemake
    screen = sys.stdout

    def show() -> None:
        table = estimate(dict(job.input.items()), job.params)
        print(table)
        print(table, file=screen)

    run(show, log=job.log[0])
