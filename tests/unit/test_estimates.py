"""What a scheduler is asked for: time and memory grow with what a job does and holds, GPUs are for those who can use them."""

import pytest

from nnip.potentials.frameworks import choices
from nnip.study.config import check_config
from nnip.study.estimates import (
    ATOMS,
    GPU_JOB_MB,
    LIBRARIES_MB,
    MINUTES_AFTER_TRAINING,
    START_MINUTES,
    Work,
    atoms_expected,
    frames_expected,
    gpus,
    measurement_megabytes,
    measurement_minutes,
    training_megabytes,
    training_minutes,
)
from nnip.study.runs import Run
from nnip.study.training_sets import TrainingSet

SMALL = {"framework": "mace", "layers": 2, "features": 16, "l_max": 1, "l_hidden": 0, "body_order": 3, "batch_size": 5, "epochs": 100}
LARGE = SMALL | {"features": 256, "l_max": 3, "l_hidden": 2}
LIMITS = {
    "training": (training_minutes, training_megabytes),
    "measurement": (lambda *given: measurement_minutes(Work(20_000, 0, False), *given), lambda *given: measurement_megabytes(50, *given)),
}


@pytest.fixture
def given():
    """given(row, n_atoms, n_train, change of the config): what all estimates are given."""

    def make(row=SMALL, n_atoms=ATOMS, n_train=500, **change):
        datasets = {"mine": {"source": "xtb", "smiles": "CCO"}}
        config = check_config({"study": "s", "dataset": "mine", "datasets": datasets, "models": "m.yaml"} | change, "test")
        return Run("m", "mace", TrainingSet(f"n{n_train}", "main", "mine", n_train), 1), config, {"m": row}, n_atoms

    return make


@pytest.mark.parametrize("job", LIMITS)
def test_a_large_model_is_given_more(given, job):
    minutes, megabytes = LIMITS[job]
    small, large = megabytes(*given()), megabytes(*given(LARGE))
    assert LIBRARIES_MB < small <= LIBRARIES_MB + 1000
    assert large > 4 * small
    assert minutes(*given(LARGE)) > 4 * minutes(*given())


@pytest.mark.parametrize("job", LIMITS)
def test_more_atoms_are_given_more_in_proportion(given, job):
    minutes, megabytes = LIMITS[job]
    few, many = (minutes(*given(LARGE, n_atoms)) - START_MINUTES for n_atoms in (ATOMS, 4 * ATOMS))
    assert many == pytest.approx(4 * few, rel=0.01)
    few, many = (megabytes(*given(LARGE, n_atoms)) - LIBRARIES_MB for n_atoms in (ATOMS, 4 * ATOMS))
    assert many == pytest.approx(4 * few, rel=0.1)


def test_more_frames_take_longer(given):
    sizes = [training_minutes(*given(n_train=n_train)) - START_MINUTES for n_train in (1000, 4000)]
    assert sizes[1] == pytest.approx(4 * sizes[0], rel=0.1)
    epochs = [training_minutes(*given(SMALL | {"epochs": epochs})) - START_MINUTES for epochs in (1000, 4000)]
    assert epochs[1] == pytest.approx(4 * epochs[0], rel=0.1)
    evaluations = [measurement_minutes(Work(n, 0, False), *given()) - START_MINUTES for n in (0, 100_000, 400_000)]
    assert evaluations[0] == 0
    assert evaluations[2] == pytest.approx(4 * evaluations[1], rel=0.1)


def test_a_training_ends_soon_after_its_own_limit(given):
    endless = SMALL | {"epochs": 1_000_000}
    assert training_minutes(*given(endless, training={"max_hours": 2})) == START_MINUTES + 120 + MINUTES_AFTER_TRAINING
    assert training_minutes(*given(endless)) > 10_000
    assert training_minutes(*given(training={"max_hours": 24})) == training_minutes(*given())


@pytest.mark.parametrize(
    ("framework", "change", "measured_s"),
    [
        ("nequip", {}, 0.021),
        ("nequip", {"features": 64, "l_max": 3, "l_hidden": 3}, 0.190),
        ("mace", {}, 0.023),
        ("mace", {"features": 256, "l_max": 3, "l_hidden": 2}, 6.8),
    ],
)
def test_a_frameworks_steps_take_about_as_long_as_was_measured(framework, change, measured_s):
    """Steps of five frames of 27 atoms on one core, within the factor of three that limits allow."""
    estimate = 5 * choices(framework).step_s_per_frame(SMALL | change)
    assert measured_s / 3 < estimate < 3 * measured_s


def test_frames_at_once_count(given):
    wide = SMALL | {"features": 64}
    assert training_megabytes(*given(wide | {"batch_size": 50})) > training_megabytes(*given(wide))
    assert measurement_megabytes(100, *given(wide)) > measurement_megabytes(10, *given(wide)) > measurement_megabytes(0, *given(wide)) == LIBRARIES_MB


@pytest.mark.parametrize("job", LIMITS)
def test_on_a_gpu_the_models_size_does_not_matter_to_main_memory(given, job):
    minutes, megabytes = LIMITS[job]
    assert megabytes(*given(LARGE, device="cuda")) == GPU_JOB_MB
    assert minutes(*given(LARGE, device="cuda")) < minutes(*given(LARGE))


@pytest.mark.parametrize(("device", "given", "asked"), [("auto", 0, 0), ("auto", 1, 1), ("auto", 8, 1), ("cpu", 8, 0), ("cuda", 0, 1)])
def test_only_jobs_that_can_use_a_gpu_ask_for_one(device, given, asked):
    assert gpus(device, given) == asked


def test_frames_are_counted_where_the_config_says_how_many_are_made():
    assert frames_expected({"source": "xtb", "n_test": 30}, n_splits=3, n_train=100) == 100 + 90
    assert frames_expected({"source": "emt", "n_test": 30}, n_splits=1, n_train=100) == 130
    assert frames_expected({"source": "3bpa"}, n_splits=3, n_train=500) == 2500


@pytest.mark.parametrize(("repeats", "atoms"), [(1, 4), (2, 32), (3, 108)])
def test_a_metals_cell_has_the_atoms_of_its_repeats(repeats, atoms):
    assert atoms_expected({"source": "emt", "repeats": repeats, "primitive": False}) == atoms


@pytest.mark.parametrize("in_parts", [False, True])
@pytest.mark.parametrize(
    ("text", "atoms"),
    [("64\nLattice=...\n", 64), ("  9  \n", 9), ("0\n", 1), ("-3\n", 1), ("", ATOMS), ("no number\n", ATOMS), ("ü\n", ATOMS)],
)
def test_atoms_of_a_users_own_frames_stand_in_the_files_first_line(tmp_path, text, atoms, in_parts):
    path = tmp_path / "train.xyz"
    path.write_text(text)
    found = atoms_expected({"source": "extxyz", "train": {"file": str(path), "frames": ":10"} if in_parts else str(path), "test": {}})
    assert found == atoms


def test_where_neither_tells_atoms_are_those_of_3bpa(tmp_path):
    assert ATOMS == 27
    for dataset in ({"source": "3bpa"}, {"source": "xtb", "smiles": "CCO"}, {"source": "ani-al"}, {"source": "published"}):
        assert atoms_expected(dataset) == ATOMS
    assert atoms_expected({"source": "extxyz", "train": str(tmp_path / "none.xyz"), "test": {}}) == ATOMS
    (tmp_path / "bytes.xyz").write_bytes(b"\xff\xfe\x00")
    assert atoms_expected({"source": "extxyz", "train": str(tmp_path / "bytes.xyz"), "test": {}}) == ATOMS
    assert atoms_expected({"source": "extxyz", "train": str(tmp_path), "test": {}}) == ATOMS
