"""The command-line options by which a script of the bench is given a trained model (run.py writes them)."""

import argparse
import json
from pathlib import Path


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with the options of one model."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--training", required=True, type=Path, help="folder of the training")
    made.add_argument("--frames", required=True, type=Path, help="labelled frames, extxyz")
    made.add_argument("--start", required=True, type=Path, help="the frame that MD starts from")
    made.add_argument("--options", required=True, type=json.loads, help="the config's blocks md and landscape")
    return made
