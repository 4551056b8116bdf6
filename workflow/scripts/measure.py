"""One measurement of one trained model, by nnip.measure.<name>; run by the interpreter of the model's framework."""

from nnip.jobs.warm import hand_over

hand_over()

import argparse
import json
import os

from nnip.jobs.errors import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True, help="name of the measurement, a module of nnip.measure")
    parser.add_argument("--settings", required=True, type=json.loads, help="the run's settings as JSON")
    parser.add_argument("--options", required=True, type=json.loads, help="the measurement's options as JSON")
    parser.add_argument("--train-directory", required=True, help="folder with the training's manifest")
    parser.add_argument("--frames", nargs="*", default=[], metavar="SPLIT=FILE", help="labelled frames of the measurement's splits, extxyz")
    parser.add_argument("--directory", required=True, help="folder for tables and manifest.json")
    parser.add_argument("--checkpoint-minutes", default=5.0, type=float, help="interval of checkpoints; 0 = as often as possible")
    parser.add_argument("--compile", default="never", choices=["auto", "never", "always"], help="whether models are evaluated by compiled code")
    arguments = parser.parse_args()
    # torch reads this when it is imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from nnip.measure.base import run_measurement

    files = dict(entry.split("=", 1) for entry in arguments.frames)
    run_measurement(
        arguments.name,
        arguments.settings,
        arguments.options,
        arguments.train_directory,
        files,
        arguments.directory,
        arguments.checkpoint_minutes,
        arguments.compile,
    )


if __name__ == "__main__":
    run(main)
