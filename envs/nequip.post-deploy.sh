#!/usr/bin/env bash
# Run by snakemake in the conda environment it has just made, from the study's working directory.
set -euo pipefail
python -m pip install torch==2.13.0
python -m pip install --require-hashes --no-deps -r envs/nequip.lock.txt
