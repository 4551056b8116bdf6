"""CPU time of planning the paper's study, and ten times as many trainings: python benchmarks/planning.py

Planning is `snakemake -n`. The further trainings are further seeds of the same models. CPU time depends less on other work on the machine than
wall time.
"""

import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def cpu_s() -> float:
    """User time of finished child processes in s."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def main() -> None:
    for n_seeds in (1, 10):
        before = cpu_s()
        seeds = ",".join(map(str, range(1, n_seeds + 1)))
        command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "all", "--configfile", "config/paper.yaml", "--config", f"seeds=[{seeds}]"]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        print(f"config/paper.yaml with {n_seeds} seeds: {cpu_s() - before:.1f} s of user time", flush=True)


if __name__ == "__main__":
    main()
