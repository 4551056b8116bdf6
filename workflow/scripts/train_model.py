"""Train one model with its framework's own command; run by the interpreter of that framework's environment."""

import os

from nnip.jobs.warm import hand_over

os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch reads this when it is imported
hand_over(alone=True)

import argparse
import json

from nnip.jobs.errors import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", required=True, type=json.loads, help="the run's settings as JSON")
    parser.add_argument("--train", required=True, help="labelled frames to train on, extxyz")
    parser.add_argument("--val", required=True, help="labelled frames for the choice of the best epoch, extxyz")
    parser.add_argument("--set-manifest", help="manifest of these frames, for the energies of isolated atoms")
    parser.add_argument("--directory", required=True, help="folder for model, table and manifest")
    parser.add_argument("--checkpoint-minutes", default=5.0, type=float, help="interval of checkpoints; 0 = after every epoch")
    arguments = parser.parse_args()
    from nnip.study.manifest import read_manifest
    from nnip.training import train

    isolated = read_manifest(arguments.set_manifest).get("isolated_atoms_eV") if arguments.set_manifest else None
    train(arguments.settings, arguments.train, arguments.val, arguments.directory, arguments.checkpoint_minutes, isolated)


if __name__ == "__main__":
    run(main)
