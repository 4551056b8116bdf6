"""Make a study's data: see nnip.data.prepare."""

import argparse
import json
import os

from nnip.data.prepare import prepare
from nnip.jobs.errors import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="name of the block under datasets")
    parser.add_argument("--options", required=True, type=json.loads, help="that block, as JSON")
    parser.add_argument("--study", required=True, type=json.loads, help="seed, n_train, validation_fraction, learning_curve, as JSON")
    parser.add_argument("--mirror", default=os.environ.get("NNIP_MIRROR"), help="folder to read published files from instead of the network")
    parser.add_argument("--directory", required=True, help="where the files go")
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    study = arguments.study | {"mirror": arguments.mirror or None}
    prepare(arguments.dataset, arguments.options, study, arguments.directory, arguments.processes)


if __name__ == "__main__":
    run(main)
