"""What every measurement that is declared keeps to, by a potential whose physics is known; one that is added later is tested here as it is."""

import csv
import importlib
import io
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import ase.io
import numpy as np
import pytest
import torch
from analytic import SETTINGS, MorsePotential, ethanol, labelled, write_start, write_training
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator
from crystals import CalculatorPotential

from nnip.crystal.reference import MAKERS, reference_frames
from nnip.data import EVENT
from nnip.data.extxyz import write_frames
from nnip.data.frames import read_frames, read_labelled
from nnip.declare import text
from nnip.declare.registry import measurements
from nnip.jobs.checkpoints import Progress
from nnip.md.bonds import find_bonds
from nnip.measure.base import run_measurement
from nnip.measure.frames import measure_frames
from nnip.study.manifest import read_manifest
from nnip.surface.stretching import bond_weights, stretched

WORKFLOW = Path(__file__).resolve().parents[2] / "workflow"
SPLITS = ["train", "val", "train_clean", "test_hot"]
SCANS = "reference_scans"
CRYSTAL = "reference_crystal"
N_FRAMES = 5  # of a split
FEW = 3
# where defaults take too long, ask for too little, or kill replicas before they were counted
SMALL: dict[str, dict[str, Any]] = {
    "landscape": {"test_splits": ["test_hot"], "frozen": {"shapes": {"nequip": "shape"}}},
    "md": {"duration_fs": 20, "temperature_K": 300},
    "latent_distance": {"duration_fs": 50},
    "molecule_md": {"duration_fs": 20},
    "gates": {"duration_fs": 10},
    "rare_events": {"splits": ["hot"]},
    "far_field": {"repeats": 2},
    "hops": {"n_replicas": 2, "equilibration_fs": 20, "duration_fs": 40, "temperature_K": 300},
    "defects": {"repeats": 2, "kinds": ["vacancy"], "n_images": 1, "n_steps": 300},
}
# measurements whose number of evaluations depends on what they find: their cost is an upper limit
SEARCHING = {"weight_noise"}
NOTHING = text("no column")
HEAVY = {"torch", "numpy", "pandas", "ase", "scipy", "matplotlib"}
OF_FRAMES = [name for name, measurement in measurements().items() if measurement.of == "frames"]


def module(name: str) -> ModuleType:
    """The module of a measurement."""
    return importlib.import_module(f"nnip.measure.{name}")


def small(schema: dict[str, Any]) -> Any:
    """The default of an option, of few things; where an option must be given, the model's name."""
    if "properties" in schema:
        return {name: small(part) for name, part in schema["properties"].items()}
    if "default" not in schema:
        return [SETTINGS["model"]] if schema["type"] == "array" else SETTINGS["model"]
    if schema["default"] is not None and "integer" in schema.get("type", ""):
        return max(schema.get("minimum", 0), min(schema["default"], FEW))
    return schema["default"]


def asked_for(name: str, whole: bool) -> dict[str, Any]:
    """A small block of a measurement; whole: with the options that tables wait for."""
    measurement = measurements()[name]
    waited_for = {table.when: 1 for table in measurement.tables.values() if table.when}
    return small(measurement.options) | SMALL.get(name, {}) | (waited_for if whole else dict.fromkeys(waited_for))


@cache
def jobs() -> dict[str, tuple[str, bool, dict[str, Any]]]:
    """Every job of a small study of one model: measurement, whether with all its tables, and options."""
    found = {}
    for name in measurements():
        for whole in (False, True) if any(table.when for table in measurements()[name].tables.values()) else (True,):
            config = {"seeds": [SETTINGS["seed"]]} | {other: asked_for(other, whole) for other in measurements()}
            variants = getattr(module(name), "variants", None)
            run = SimpleNamespace(**SETTINGS)
            for variant, options in (variants(config, run) if variants else {"": config[name]}).items():
                if name not in OF_FRAMES:
                    found[f"{name}-{variant}".strip("-") + ("" if whole else "-less")] = (name, whole, options)
    return found


class Counting:
    """A potential that counts the frames it evaluates, and the most at once."""

    def __init__(self, potential: MorsePotential) -> None:
        self.potential, self.n_frames, self.most, self.dearer = potential, 0, 0, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.potential, name)

    def count(self, graph: Any) -> None:
        self.n_frames += len(graph.n_atoms)
        self.most = max(self.most, len(graph.n_atoms))

    def energies_forces(self, graph: Any) -> Any:
        self.count(graph)
        return self.potential.energies_forces(graph)

    def energies_forces_stress(self, graph: Any) -> Any:
        self.count(graph)
        return self.potential.energies_forces_stress(graph)

    def differentiable_energies_forces(self, graph: Any) -> Any:
        self.count(graph)
        self.dearer = True
        return self.potential.differentiable_energies_forces(graph)

    def node_features(self, graph: Any) -> Any:
        self.count(graph)
        self.dearer = True
        return self.potential.node_features(graph)


def scans() -> list[Any]:
    """Frames of ethanol with its C-C bond of several lengths, labelled."""
    frames, start = [], ethanol()
    moved = bond_weights(len(start), find_bonds(start).atoms.numpy())[0]
    apart = start.positions[1] - start.positions[0]
    lengths = np.linspace(1.0, 2.2, 2 * N_FRAMES)
    for length, positions in zip(lengths, stretched(start.positions, moved, apart, lengths), strict=True):
        frame = start.copy()
        frame.positions = positions
        frame.calc = MorsePotential(start).calculator()
        frame.calc = SinglePointCalculator(frame, energy=frame.get_potential_energy(), forces=frame.get_forces())
        frame.info = {"bond_i": 0, "bond_j": 1, "length_A": length}
        frame.set_array("moved", moved.astype(int))
        frames.append(frame)
    return frames


def moved(job: str = "") -> Any:
    """Another potential than the one that frames are labelled by, so that it has errors; for a job that reads crystals, one of them."""
    if job and CRYSTAL in module(jobs()[job][0]).splits(jobs()[job][2], SPLITS):
        return CalculatorPotential(1.02)
    potential = MorsePotential(ethanol())
    potential.module.depth.mul_(1.02)
    return potential


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    """Split -> file of labelled frames; start -> file of the start frame."""
    folder = tmp_path_factory.mktemp("frames")
    for seed, split in enumerate(SPLITS):
        made = labelled(MorsePotential(ethanol()), N_FRAMES, seed)
        for frame in made:
            frame.set_array(EVENT, (np.arange(len(frame)) < 2).astype(int))
        ase.io.write(folder / f"{split}.xyz", made, format="extxyz")
    ase.io.write(folder / f"{SCANS}.xyz", scans(), format="extxyz")
    asked = {name: asked_for(name, whole=True) for name in MAKERS}
    write_frames(folder / f"{CRYSTAL}.xyz", reference_frames(asked, EMT))
    files = {split: folder / f"{split}.xyz" for split in (*SPLITS, SCANS, CRYSTAL)}
    return files | {"start": write_start(folder / "train.xyz", folder / "start")}


@pytest.fixture
def measure(tmp_path, monkeypatch, frames):
    """measure(job, folder, potential): a measurement of a potential, given the splits it asks for; its tables' bytes."""
    write_training(tmp_path / "train", model_sha256="of the model")

    def run(job, folder, potential):
        name, _, options = jobs()[job]
        monkeypatch.setattr("nnip.measure.base.load", lambda *_: potential)
        files = {split: frames[split] for split in module(name).splits(options, SPLITS)}
        run_measurement(name, SETTINGS, options, tmp_path / "train", files, tmp_path / folder, checkpoint_minutes=0)
        return {file.stem: without_times(file.read_bytes()) for file in (tmp_path / folder).glob("*.csv")}

    return run


def without_times(content: bytes) -> bytes:
    """A table with zeros in its column wall_s, which is never twice the same."""
    header, *rows = list(csv.reader(io.StringIO(content.decode())))
    for row in rows:
        for column in {"wall_s"} & set(header):
            assert float(row[header.index(column)]) >= 0
            row[header.index(column)] = "0"
    return "".join(f"{line}\n" for line in map(",".join, [header, *rows])).encode()


def passes_counted(name: str, tables: dict[str, bytes]) -> int | None:
    """The sum of the columns n_passes that count frames; None if there is none."""
    counting = {table for table, declared in measurements()[name].tables.items() if declared.columns.get("n_passes", NOTHING).unit == "frames"}
    rows = [row for table in counting & set(tables) for row in csv.DictReader(io.StringIO(tables[table].decode()))]
    return sum(int(row["n_passes"]) for row in rows) if rows else None


def has_rows(content: bytes) -> bool:
    return content.count(b"\n") > 1


def check_columns(name: str, tables: dict[str, bytes]) -> None:
    for table, content in tables.items():
        assert content.decode().splitlines()[0].split(",") == list(measurements()[name].tables[table].columns)


@pytest.mark.parametrize("job", jobs())
def test_its_tables_are_those_it_declares(measure, tmp_path, job):
    name, whole, options = jobs()[job]
    measurement = measurements()[name]
    tables = measure(job, "out", moved(job))
    expected = set(measurement.tables) if whole else {table for table, declared in measurement.tables.items() if not declared.when}
    assert set(tables) == set(measurement.tables_made(options)) == set(measurement.tables_made(asked_for(name, whole))) == expected
    assert all(has_rows(content) for content in tables.values())
    check_columns(name, tables)
    manifest = read_manifest(tmp_path / "out" / "manifest.json")
    assert (manifest["stage"], manifest["status"], manifest["reason"]) == (name, "ok", None)
    assert manifest["settings"] == SETTINGS | {name: options}
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".csv", ".json"}


@pytest.mark.parametrize("job", jobs())
def test_of_a_training_without_a_model_there_are_tables_without_rows(measure, tmp_path, job):
    name, _, options = jobs()[job]
    write_training(tmp_path / "train", "diverged", "the loss is nan")
    tables = measure(job, "out", None)
    assert set(tables) == set(measurements()[name].tables_made(options))
    assert not any(has_rows(content) for content in tables.values())
    check_columns(name, tables)
    manifest = read_manifest(tmp_path / "out" / "manifest.json")
    assert (manifest["status"], manifest["reason"]) == ("skipped", "nothing to measure: the training is 'diverged' (the loss is nan)")


@pytest.mark.parametrize("job", jobs())
def test_the_same_again_is_the_same_and_the_weights_stay(measure, tmp_path, job):
    potential = moved(job)
    before = [parameter.clone() for parameter in potential.module.parameters()]
    first = measure(job, "first", potential)
    assert all(torch.equal(*pair) for pair in zip(potential.module.parameters(), before, strict=True))
    assert measure(job, "second", potential) == first == measure(job, "third", moved(job))
    seeds = [read_manifest(tmp_path / folder / "manifest.json")["seeds"] for folder in ("first", "second")]
    assert seeds[0] == seeds[1]


class Interruption(BaseException):
    """What no code expects."""


@pytest.mark.parametrize("job", jobs())
def test_interrupted_at_its_first_checkpoint_it_goes_on_as_if_nothing_had_been(measure, tmp_path, monkeypatch, job):
    whole, potential = measure(job, "whole", moved(job)), Counting(moved(job))
    saved, save = [], Progress.save_if_due

    def save_and_end(self, done, state):
        save(self, done, state)
        saved.append(done)
        raise Interruption

    with monkeypatch.context() as patched:
        patched.setattr(Progress, "save_if_due", save_and_end)
        try:
            measure(job, "cut", potential)
        except Interruption:
            assert saved
            assert not list((tmp_path / "cut").glob("*.*")), "nothing is written before the end"
    first = potential.n_frames
    assert measure(job, "cut", potential) == whole
    assert read_manifest(tmp_path / "cut" / "manifest.json")["resumed"] == len(saved)
    assert not saved or potential.n_frames - first < _evaluated(measure, job), "what was done is not done again"


def _evaluated(measure: Any, job: str) -> int:
    potential = Counting(moved(job))
    measure(job, "counted", potential)
    return potential.n_frames


@pytest.mark.parametrize("job", jobs())
def test_its_cost_is_what_it_evaluates_and_its_splits_are_what_it_reads(measure, monkeypatch, job):
    name, _, options = jobs()[job]
    potential, read = Counting(moved(job)), []
    for reader in (read_frames, read_labelled):
        noted = lambda path, *most, reader=reader: (read.append(Path(path).stem), reader(path, *most))[1]  # noqa: E731
        monkeypatch.setattr(f"nnip.measure.base.{reader.__name__}", noted)
    passes = passes_counted(name, measure(job, "out", potential))
    splits = module(name).splits(options, SPLITS)
    assert set(read) == set(splits) <= {*SPLITS, SCANS, CRYSTAL, "start"}
    cost = module(name).cost(options, N_FRAMES * len(splits))
    # gradients and features are no evaluations, but count as some; a table that counts frames is of a measurement that cannot know them before
    at_most = potential.dearer or name in SEARCHING or passes is not None
    assert potential.n_frames <= cost if at_most else potential.n_frames == cost
    assert potential.dearer or passes in (None, potential.n_frames)
    assert potential.most <= module(name).frames_at_once(options)


@pytest.mark.parametrize("name", OF_FRAMES)
def test_a_measurement_of_frames_gives_what_it_declares_twice_the_same(frames, tmp_path, name):
    options = asked_for(name, whole=True)
    files = {split: frames[split] for split in module(name).splits(options, SPLITS)}
    for folder in ("first", "second"):
        measure_frames(name, options, files, tmp_path / folder)
    first, second = ({file.stem: file.read_bytes() for file in (tmp_path / folder).glob("*.csv")} for folder in ("first", "second"))
    assert first == second
    assert set(first) == set(measurements()[name].tables_made(options))
    assert all(has_rows(content) for content in first.values())
    check_columns(name, first)
    assert read_manifest(tmp_path / "first" / "manifest.json")["stage"] == name


def test_to_plan_measurements_nothing_heavy_is_imported():
    script = (
        "import importlib, sys\nfrom nnip.declare.registry import measurements\n"
        "modules = [importlib.import_module(f'nnip.measure.{name}') for name in measurements()]\n"
        f"print(len(modules), *({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=WORKFLOW, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(measurements()))]
