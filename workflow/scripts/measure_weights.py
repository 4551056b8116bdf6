"""Distributions of the weights of all trained models of one framework; run by the interpreter of its environment."""

import argparse
import json
import os

from nnip.jobs.errors import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--options", required=True, type=json.loads, help="the config's weights block as JSON")
    parser.add_argument("--train-directories", required=True, nargs="+", help="where the trainings' manifests are")
    parser.add_argument("--directory", required=True, help="where weights.csv, weight_moments.csv and manifest.json go")
    arguments = parser.parse_args()
    # torch reads this when it is imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from nnip.measure.weight_measurement import measure_weights

    measure_weights(arguments.options, arguments.train_directories, arguments.directory)


if __name__ == "__main__":
    run(main)
