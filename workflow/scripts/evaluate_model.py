"""Errors of one trained model on every split; run by the interpreter of its framework's environment."""

import argparse
import json
import os

from nnip.jobs.errors import InputError, run


def named_file(text: str) -> tuple[str, str]:
    """NAME=FILE as a pair."""
    name, separator, path = text.partition("=")
    if not (name and separator and path):
        raise InputError(f"--splits takes NAME=FILE, but has '{text}'")
    return name, path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", required=True, type=json.loads, help="the run's settings as JSON")
    parser.add_argument("--options", required=True, type=json.loads, help="the config's evaluation block as JSON")
    parser.add_argument("--train-directory", required=True, help="where the training's manifest is")
    parser.add_argument("--splits", required=True, nargs="+", metavar="NAME=FILE", help="labelled frames of each split, extxyz")
    parser.add_argument("--directory", required=True, help="where errors.csv and manifest.json go")
    arguments = parser.parse_args()
    # torch reads this when it is imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from nnip.potentials.evaluation import evaluate

    splits = dict(named_file(text) for text in arguments.splits)
    evaluate(arguments.settings, arguments.options, arguments.train_directory, splits, arguments.directory)


if __name__ == "__main__":
    run(main)
