"""What one model costs on this machine (nnip.cost.measure); run by the interpreter of the model's framework."""

import os
import time

# torch reads this when it is imported
os.environ.setdefault("OMP_NUM_THREADS", "1")
from nnip.jobs import warm
from nnip.jobs.warm_process import import_packages

warm.refuse()
import_packages()  # as a warm process does once for all its jobs
IMPORT_S = time.process_time()

import argparse
import json
from pathlib import Path

from nnip.jobs.errors import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", required=True, type=json.loads, help="the settings of a run of the model as JSON")
    parser.add_argument("--options", required=True, type=json.loads, help="architecture, frames_at_once and n_replicas as JSON")
    parser.add_argument("--frames", required=True, help="labelled frames, extxyz")
    parser.add_argument("--engine", required=True, help="file that says where the frames are from")
    parser.add_argument("--output", required=True, help="csv file of one row")
    arguments = parser.parse_args()
    from nnip.cost.calibration import write_calibration
    from nnip.cost.measure import calibrate

    output = Path(arguments.output).resolve()
    options = arguments.options | {"origin": json.loads(Path(arguments.engine).read_text())["frames"], "import_s": IMPORT_S}
    write_calibration(output, [calibrate(arguments.settings, arguments.frames, options, output.with_suffix(".tmp"))])


if __name__ == "__main__":
    run(main)
