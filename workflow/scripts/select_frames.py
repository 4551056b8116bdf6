"""Frames to label next: see nnip.labelling; run by the interpreter of the model's framework."""

from nnip.jobs.warm import hand_over

hand_over()

import argparse
import json
import os

from nnip.jobs.errors import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", required=True, type=json.loads, help="the run's settings as JSON")
    parser.add_argument("--options", required=True, type=json.loads, help="the block select as JSON")
    parser.add_argument("--train-directories", required=True, nargs="+", help="folders of the model's trainings, one per seed")
    parser.add_argument("--known", required=True, nargs="+", help="files of frames that are no candidates, the training frames first, extxyz")
    parser.add_argument("--pool", required=True, help="frames to choose from")
    parser.add_argument("--directory", required=True, help="folder for frames, table and manifest.json")
    arguments = parser.parse_args()
    # torch reads this when it is imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from nnip.labelling import select_frames

    select_frames(arguments.settings, arguments.options, arguments.train_directories, arguments.known, arguments.pool, arguments.directory)


if __name__ == "__main__":
    run(main)
