"""The full reproduction is planned, not run: how many jobs of each rule, and that a scheduler can plan them."""

import subprocess
import sys

from conftest import ROOT, planned

N_MODELS, SIZES, MODES = 28, 4, 2
NOISY = 4 * 5  # models, sigmas


def test_jobs_of_the_full_reproduction(tmp_path):
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "rules", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(tmp_path)]
    command += ["--configfile", str(ROOT / "config/paper.yaml"), "--config", f"models={ROOT}/config/models/paper.yaml"]
    jobs = planned(subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False))
    assert jobs["prepare_data"] == 1
    assert jobs["train_model"] == jobs["measure_errors"] == N_MODELS * SIZES + NOISY
    # main lines, and those over three other splits and with two choices of frozen parameters
    assert jobs["measure_landscape"] == N_MODELS * MODES + 4 * MODES * 3 + 4 * MODES * 2
    assert jobs["measure_md"] == jobs["measure_weights"] == N_MODELS
    assert jobs["measure_planes"] == 4
    assert jobs["measure_distributions"] == 1
    assert jobs["make_training_set"] == SIZES
    assert jobs["make_noisy_training_set"] == 5
    assert jobs["draw_experiments"] == jobs["draw_planes"] == 2, "one for each framework"
