"""The reference's own defects: see nnip.data.reference_crystal."""

import argparse
import json
import os
from pathlib import Path

from nnip.jobs.errors import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--asked", required=True, type=json.loads, help="measurement -> its options, as JSON")
    parser.add_argument("--seed", required=True, type=int, help="the study's seed")
    parser.add_argument("--directory", required=True, type=Path, help="folder for crystal.xyz and manifest.json")
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from nnip.data.reference_crystal import make_reference_crystal

    make_reference_crystal(arguments.asked, arguments.seed, arguments.directory)


if __name__ == "__main__":
    run(main)
