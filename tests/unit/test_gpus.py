"""Which GPU each of several jobs on one machine takes; no GPU is needed to ask."""

import os
import subprocess
import sys
from contextlib import contextmanager

import pytest

from nnip.jobs import gpus

TAKE = "import sys; from nnip.jobs.gpus import take_gpu; print(take_gpu(), flush=True); sys.stdin.readline()"


@contextmanager
def job(temporary, visible):
    """A process that has taken a GPU and holds it; gives the GPU's name."""
    variables = {**os.environ, "PYTHONPATH": "workflow", "TMPDIR": str(temporary), "CUDA_VISIBLE_DEVICES": visible}
    process = subprocess.Popen([sys.executable, "-c", TAKE], env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def test_jobs_spread_over_the_gpus_and_a_killed_one_leaves_its_own_free(tmp_path):
    with job(tmp_path, "0,3") as first:
        with job(tmp_path, "0,3") as second, job(tmp_path, "0,3") as third:
            assert (first, second, third) == ("0", "3", "0")
        with job(tmp_path, "0,3") as fourth:
            assert fourth == "3"


@pytest.mark.parametrize("visible", ["", "2", "GPU-5d1f"])
def test_what_a_scheduler_chose_stays(monkeypatch, visible):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus.take_gpu() is None
    assert os.environ["CUDA_VISIBLE_DEVICES"] == visible
