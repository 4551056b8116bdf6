#!/usr/bin/env bash
# Run by snakemake in the conda environment it has just made, from the study's working directory.
set -euo pipefail
python -m pip install --require-hashes --no-deps -r envs/workflow.lock.txt
