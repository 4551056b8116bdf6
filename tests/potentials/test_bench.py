"""The bench's comparisons run on a tiny model and give well-formed rows; no time is judged."""

import math
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def subject(trained, frame_files, start_file, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from subject import subjects

    md = {"n_replicas": 3, "temperature_K": 50, "timestep_fs": 0.5, "tau_fs": 250, "max_bond_A": 4.0, "min_distance_A": None}
    scan = {"mode": "isotropic", "split": "train", "n_directions": 2, "distance": 0.1, "n_frames": 4, "frames_per_batch": 2}
    options = {"md": md | {"initial_velocities": "maxwell-boltzmann"}, "landscape": scan}
    yield next(subjects(trained("molecule"), frame_files["molecule"][0], start_file, options, "cpu"))
    for name in ("md", "landscape", "curves", "subject", "rounds"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("work", ["md", "landscape"])
def test_every_side_runs_and_every_row_is_complete(subject, work):
    import importlib

    from rounds import COLUMNS, compare

    sides, missing = importlib.import_module(work).sides(subject)
    rows = compare(sides, missing, 2, 0.0, framework=subject.framework, path="plain", work=work, unit="", device="cpu", threads=1, judged_by="cpu")
    assert [row["against"] for row in rows] == [*list(sides)[1:], *missing]
    for row in rows:
        assert tuple(row) == COLUMNS
        if row["against"] in missing:
            assert row["note"] and row["cpu_ratio"] is None
        else:
            assert row["wall_ratio_min"] <= row["wall_ratio"] <= row["wall_ratio_max"]
            assert all(math.isfinite(row[name]) and row[name] > 0 for name in ("ours_wall_s", "other_wall_s", "ours_cpu_s", "other_cpu_s", "target"))


def test_another_md_than_ase_s_is_not_timed(subject):
    import md

    start = subject.start()
    momenta = md.initial_momenta(start, "maxwell-boltzmann", 50, range(3))
    md.check_same(subject, start, momenta)
    own = subject.plain.calculator()
    subject.plain.calculator = lambda: Pushing(own)
    with pytest.raises(RuntimeError, match="apart after ten steps"):
        md.check_same(subject, start, momenta)


class Pushing:
    """A calculator whose forces are off."""

    def __init__(self, calculator):
        self.calculator = calculator

    def get_forces(self, atoms):
        return self.calculator.get_forces(atoms) + 5.0 * (-1) ** (atoms.numbers[:, None] % 2)

    def __getattr__(self, name):
        return getattr(self.calculator, name)


def test_curves_have_a_row_for_every_point(subject, monkeypatch):
    import curves
    import records

    monkeypatch.setattr(curves, "MOST_GIB", 100)
    rows = list(curves.curves(subject, short=True))
    assert {row["curve"] for row in rows} == {"replicas", "molecule atoms", "cell atoms", "frames", "directions"}
    assert all(tuple(row) == records.COLUMNS["curves"] and row["cost_s"] > 0 for row in rows)
