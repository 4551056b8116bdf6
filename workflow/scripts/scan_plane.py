"""Loss over a plane around one trained model; run by the interpreter of its framework's environment."""

import argparse
import json
import os

from nnip.jobs.errors import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", required=True, type=json.loads, help="the run's settings as JSON")
    parser.add_argument("--options", required=True, type=json.loads, help="what the config asks of planes as JSON")
    parser.add_argument("--train-directory", required=True, help="where the training's manifest is")
    parser.add_argument("--frames", required=True, help="labelled frames of the split in the options, extxyz")
    parser.add_argument("--directory", required=True, help="where planes.csv and manifest.json go")
    parser.add_argument("--checkpoint-minutes", default=5.0, type=float, help="how often to write a checkpoint; 0 = after every row")
    arguments = parser.parse_args()
    # torch reads this when it is imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from nnip.landscape.scan import scan_plane

    scan_plane(arguments.settings, arguments.options, arguments.train_directory, arguments.frames, arguments.directory, arguments.checkpoint_minutes)


if __name__ == "__main__":
    run(main)
