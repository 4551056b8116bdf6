"""What a scheduler is asked for: memory grows with what a job holds, GPUs are for those who can use them."""

import pytest

from nnip.study.config import check_config
from nnip.study.estimates import GPU_JOB_MB, LIBRARIES_MB, gpus, megabytes
from nnip.study.runs import Run
from nnip.study.training_sets import TrainingSet

SMALL = {"framework": "mace", "layers": 2, "features": 16, "l_max": 1, "l_hidden": 0, "body_order": 3, "batch_size": 5}


@pytest.fixture
def limit_MB():
    def limit(stage, change, config_change=None):
        datasets = {"mine": {"source": "xtb", "smiles": "CCO"}}
        config = check_config({"study": "s", "dataset": "mine", "datasets": datasets, "models": "m.yaml", **(config_change or {})}, "test")
        return megabytes(stage, Run("m", "mace", TrainingSet("n500", "main", "mine", 500), 1), config, {"m": SMALL | change})

    return limit


@pytest.mark.parametrize("stage", ["train", "evaluate", "landscape", "plane", "md"])
def test_a_large_model_is_given_more(limit_MB, stage):
    small, large = limit_MB(stage, {}), limit_MB(stage, {"features": 256, "l_max": 3, "l_hidden": 2})
    assert LIBRARIES_MB < small <= LIBRARIES_MB + 1000
    assert large > 4 * small


def test_frames_at_once_count(limit_MB):
    assert limit_MB("train", {"features": 64, "batch_size": 50}) > limit_MB("train", {"features": 64})
    assert limit_MB("md", {"features": 64}, {"md": {"n_replicas": 100}}) > limit_MB("md", {"features": 64}, {"md": {"n_replicas": 10}})


def test_on_a_gpu_the_models_size_does_not_matter(limit_MB):
    assert limit_MB("train", {"features": 256, "l_max": 3}, {"device": "cuda"}) == GPU_JOB_MB


@pytest.mark.parametrize(("device", "given", "asked"), [("auto", 0, 0), ("auto", 1, 1), ("auto", 8, 1), ("cpu", 8, 0), ("cuda", 0, 1)])
def test_only_jobs_that_can_use_a_gpu_ask_for_one(device, given, asked):
    assert gpus(device, given) == asked
