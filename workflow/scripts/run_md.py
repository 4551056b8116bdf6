"""Hot MD of one trained model until its replicas fail; run by the interpreter of its framework's environment."""

import argparse
import json
import os

from nnip.jobs.errors import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", required=True, type=json.loads, help="the run's settings as JSON")
    parser.add_argument("--options", required=True, type=json.loads, help="the config's md block as JSON")
    parser.add_argument("--train-directory", required=True, help="where the training's manifest is")
    parser.add_argument("--frames", required=True, nargs="+", help="labelled frames, extxyz; the one of lowest energy is the start")
    parser.add_argument("--directory", required=True, help="where failures.csv, manifest.json and temperatures.csv (with record_every_fs) go")
    parser.add_argument("--checkpoint-minutes", default=5.0, type=float, help="how often to write a checkpoint; 0 = after every step")
    arguments = parser.parse_args()
    # torch reads this when it is imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from nnip.md.failures import measure_failures

    measure_failures(
        arguments.settings, arguments.options, arguments.train_directory, arguments.frames, arguments.directory, arguments.checkpoint_minutes
    )


if __name__ == "__main__":
    run(main)
