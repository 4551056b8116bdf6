"""Make a study's data: see nnip.data.prepare."""

import argparse
import json
import os

from nnip.data.prepare import prepare, prepare_pool
from nnip.jobs.errors import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="name of the block under datasets")
    parser.add_argument("--options", required=True, type=json.loads, help="that block, as JSON")
    parser.add_argument("--study", required=True, type=json.loads, help="seed and n_pool (number of frames, if they are generated) as JSON")
    parser.add_argument("--mirror", default=os.environ.get("NNIP_MIRROR"), help="folder with published files, used instead of the network")
    parser.add_argument("--directory", required=True, help="folder for the files")
    parser.add_argument("--pool", action="store_true", help="a further pool for training sets, without test frames")
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    study = arguments.study | {"mirror": arguments.mirror or None}
    make = prepare_pool if arguments.pool else prepare
    make(arguments.dataset, arguments.options, study, arguments.directory, arguments.processes)


if __name__ == "__main__":
    run(main)
