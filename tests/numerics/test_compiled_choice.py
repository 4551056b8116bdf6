"""When a measurement's model is compiled, and that a job is resumed only in the way it began."""

from types import SimpleNamespace

import ase.io
import pytest
import torch
from analytic import SETTINGS, MorsePotential, ethanol, labelled, write_start, write_training

from nnip.jobs.errors import InputError
from nnip.measure import compiled, landscape
from nnip.measure.base import run_measurement
from nnip.potentials.frameworks import EVALUATION, choices, evaluation_s
from nnip.study.manifest import read_manifest

LINES = {"mode": "isotropic", "split": "train", "n_directions": 3, "n_points": 3, "distance": 0.2, "n_frames": 7, "frames_per_batch": 7}
MD = {"n_replicas": 3, "initial_velocities": "maxwell-boltzmann", "temperature_K": 300, "timestep_fs": 0.5, "tau_fs": 50, "duration_fs": 5}
OPTIONS = {"landscape": LINES, "md": MD | {"max_bond_A": 2.0, "min_distance_A": None}, "errors": {"frames_per_batch": 7}}


class StoppedError(Exception):
    pass


class Compilable(MorsePotential):
    """It counts batches by plain and by compiled code; `stop_after` so many it stops the job."""

    def __init__(self, not_compiled=None, fails=False, stop_after=10**9):
        super().__init__(ethanol())
        self.not_compiled, self.fails, self.left = not_compiled, fails, stop_after
        self.batches, self.of_frames = {"plain": 0, "compiled": 0}, None

    def compile(self, graph):
        if self.fails:
            raise RuntimeError("ld: cannot find -lgomp")
        self.of_frames = len(graph.n_atoms)

    def energies_forces(self, graph):
        self.left -= 1
        if self.left < 0:
            raise StoppedError
        self.batches["compiled" if self.of_frames else "plain"] += 1
        return super().energies_forces(graph)


@pytest.fixture
def measure(tmp_path, monkeypatch):
    write_training(tmp_path / "train")
    frames = tmp_path / "frames.xyz"
    ase.io.write(frames, labelled(MorsePotential(ethanol()), 7, seed=1), format="extxyz")
    start = write_start(frames, tmp_path / "start")

    def run(name, potential, compile, folder="made", settings=SETTINGS):
        monkeypatch.setattr("nnip.measure.base.load", lambda *_: potential)
        files = {"start": start} if name == "md" else {"train": frames}
        run_measurement(name, settings, OPTIONS[name], tmp_path / "train", files, tmp_path / folder, 0, compile)
        return read_manifest(tmp_path / folder / "manifest.json")

    return run


@pytest.mark.parametrize(("name", "batch"), [("landscape", 7), ("md", 4)])
def test_always_and_never_are_obeyed_and_recorded(measure, name, batch):
    for compile, other in (("always", "plain"), ("never", "compiled")):
        potential = Compilable()
        assert measure(name, potential, compile, compile)["evaluation"] == {"always": "compiled", "never": "plain"}[compile]
        assert potential.batches[other] == 0
        assert potential.of_frames == (batch if compile == "always" else None)


def test_auto_compiles_where_plain_code_would_take_long(measure, monkeypatch):
    """The settings tell the time of a frame; the measurement tells their number."""
    monkeypatch.setattr(compiled, "evaluation_s", lambda framework, row, n_atoms: 0.1 * n_atoms / 9)
    monkeypatch.setattr(compiled, "REPAID_S", 6.2)  # 3 lines of 3 points over 7 frames take 6.3 s
    assert measure("landscape", long := Compilable(), "auto", "long")["evaluation"] == "compiled"
    assert long.batches["plain"] == 0
    monkeypatch.setattr(compiled, "REPAID_S", 6.4)
    assert measure("landscape", Compilable(), "auto", "short")["evaluation"] == "plain"


def test_auto_compiles_on_a_gpu_where_a_batch_fills_it_and_the_work_is_long(tmp_path, monkeypatch):
    """A GPU evaluates all frames at once, whatever frames_per_batch says."""
    ase.io.write(tmp_path / "frames.xyz", labelled(MorsePotential(ethanol()), 7, seed=1), format="extxyz")
    on_gpu = SimpleNamespace(device=torch.device("cuda"))
    job = SimpleNamespace(files={"train": tmp_path / "frames.xyz"}, options=LINES | {"frames_per_batch": 2}, settings=SETTINGS, potential=on_gpu)
    monkeypatch.setattr(compiled, "evaluation_s", lambda framework, row, n_atoms: 0.1 * n_atoms / 9)  # 7 frames take 0.7 s, all points 6.3 s
    for filling_s, repaid_s, pays in ((0.6, 6.2, True), (0.8, 6.2, False), (0.6, 6.4, False)):
        monkeypatch.setattr(compiled, "FILLING_S", filling_s)
        monkeypatch.setattr(compiled, "REPAID_ON_GPU_S", repaid_s)
        assert compiled.pays(job, landscape) is pays


def test_of_a_model_trained_elsewhere_the_weights_tell_the_time_of_a_frame(measure, monkeypatch):
    elsewhere = SETTINGS | {"hyperparameters": {"trained": "mine.ckpt", "energy_weight": 1, "forces_weight": 1}}
    n_weights = sum(weights.numel() for weights in Compilable().module.parameters())
    all_s = 9 * 7 * 0.0016 * (n_weights / 10_000) ** 0.5 * 9 / 27  # 9 points over 7 frames of 9 atoms
    monkeypatch.setattr(compiled, "REPAID_S", 0.99 * all_s)
    assert measure("landscape", Compilable(), "auto", "long", elsewhere)["evaluation"] == "compiled"
    monkeypatch.setattr(compiled, "REPAID_S", 1.01 * all_s)
    assert measure("landscape", Compilable(), "auto", "short", elsewhere)["evaluation"] == "plain"


def test_the_time_of_a_frame_is_that_of_the_settings_and_grows_with_the_atoms():
    row = {"layers": 3, "l_max": 1, "features": 8, "radial_mlp": [16]}
    of_27 = choices("nequip").step_s_per_frame(row) * EVALUATION
    assert evaluation_s("nequip", row, 54) == pytest.approx(2 * of_27)


def test_no_compiler_a_failed_compilation_and_other_measurements_are_plain(measure, capsys):
    assert measure("landscape", Compilable(not_compiled="there is no C++ compiler"), "always", "a")["evaluation"] == "plain"
    assert "evaluated by plain code: there is no C++ compiler" in capsys.readouterr().out
    assert measure("landscape", Compilable(fails=True), "always", "b")["evaluation"] == "plain"
    assert "compiling failed: RuntimeError: ld: cannot find -lgomp" in capsys.readouterr().out
    assert measure("errors", Compilable(), "always", "c")["evaluation"] == "plain"


@pytest.mark.parametrize("began", ["always", "never"])
def test_a_job_resumes_in_the_way_it_began(measure, monkeypatch, began):
    evaluation = {"always": "compiled", "never": "plain"}[began]
    with pytest.raises(StoppedError):
        measure("landscape", Compilable(stop_after=5), began)
    monkeypatch.setattr(compiled, "REPAID_S", -1.0 if began == "never" else 1e9)  # what auto would not choose now
    potential = Compilable()
    manifest = measure("landscape", potential, "auto")
    assert (manifest["evaluation"], manifest["resumed"]) == (evaluation, 1)
    assert potential.batches == {"plain": 0, "compiled": 0} | {evaluation: 6}


@pytest.mark.parametrize(("began", "then"), [("always", "never"), ("never", "always")])
def test_a_checkpoint_of_the_other_way_is_not_used(measure, began, then):
    with pytest.raises(StoppedError):
        measure("landscape", Compilable(stop_after=5), began)
    manifest = measure("landscape", Compilable(), then)
    assert (manifest["evaluation"], manifest["resumed"]) == ({"always": "compiled", "never": "plain"}[then], 0)
    assert "was not used" in manifest["resume_notes"][0]


def test_a_compiled_job_that_can_no_longer_be_compiled_says_what_to_do(measure):
    with pytest.raises(StoppedError):
        measure("landscape", Compilable(stop_after=5), "always")
    with pytest.raises(InputError, match=r"began with compiled code, which now fails .*remove .*checkpoints"):
        measure("landscape", Compilable(fails=True), "auto")
