"""Bond scans labelled by the reference engine: see nnip.data.reference_scans."""

import argparse
from pathlib import Path

from nnip.data.reference_scans import make_reference_scans
from nnip.jobs.errors import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smiles", required=True, help="the molecule")
    parser.add_argument("--points", required=True, type=int, help="frames of a bond")
    parser.add_argument("--start", required=True, type=Path, help="the start of the MD, one frame")
    parser.add_argument("--directory", required=True, type=Path, help="folder for frames.xyz and manifest.json")
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    make_reference_scans(arguments.smiles, arguments.points, arguments.start, arguments.directory, arguments.processes)


if __name__ == "__main__":
    run(main)
