"""The ANI-Al archive, as small ones made here: its layout in several spellings, its units, its splits, and archives with bad intent."""

import io
import os
import tarfile

import ase.units
import h5py
import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from data_stage import counts, make_data

from nnip.data import ani_al, ani_h5, download
from nnip.jobs.errors import InputError
from nnip.jobs.files import git_blob_id
from nnip.study.manifest import read_manifest

OPTIONS = {"source": "ani-al", "train": "*", "test": {"held-out": "*"}, "n_test": 5, "force_array": "gradient"}
STUDY = {"seed": 1, "n_train": 10, "validation_fraction": 0.2, "learning_curve": [5]}


def frames(n, seed):
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        atoms = bulk("Al", "fcc", a=4.0, cubic=True)
        atoms.positions += rng.normal(0, 0.3, atoms.positions.shape)
        atoms.calc = EMT()
        made.append(atoms)
    return made


def arrays(atoms, names=("species", "coordinates", "cell", "energy", "force"), sign=-1):
    species, coordinates, cell, energy, force = names
    return {
        species: np.array([b"Al"] * len(atoms[0])),
        coordinates: np.array([frame.positions for frame in atoms]),
        cell: np.array([frame.cell.array for frame in atoms]),
        energy: np.array([frame.get_potential_energy() for frame in atoms]) / ase.units.Hartree,
        force: sign * np.array([frame.get_forces() for frame in atoms]) / ase.units.Hartree,
        "Jnames": np.array([b"somewhere"] * len(atoms)),
        "fermi": np.zeros(len(atoms)),
    }


def h5(groups):
    """The bytes of an HDF5 file: group name -> its arrays."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, content in groups.items():
            group = file.require_group(name)
            for key, values in content.items():
                group.create_dataset(key, data=values, **({"compression": "gzip"} if np.ndim(values) else {}))
    return buffer.getvalue()


def tar(path, members):
    """A gzipped tar of name -> bytes, or a ready TarInfo without content."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """Puts an archive where a mirror has it, and its content into the list of sources; mirror(members) -> the study's settings."""
    monkeypatch.setattr(download, "SOURCES", tmp_path / "sources.csv")

    def put(members):
        path = tmp_path / "mirror" / "ani-al" / "Al-data.tgz"
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(members, bytes):
            path.write_bytes(members)
        else:
            tar(path, members)
        row = f"ani-al,Al-data.tgz,http://127.0.0.1:9/,abc,{git_blob_id(path)},,"
        (tmp_path / "sources.csv").write_text(f"dataset,file,url_pattern,commit,git_blob_id,sha256,licence\n{row}\n")
        return STUDY | {"mirror": str(tmp_path / "mirror")}

    return put


def directory(name):
    info = tarfile.TarInfo(name)
    info.type = tarfile.DIRTYPE
    return info


def two_files():
    return {
        "Al-data/": directory("Al-data"),
        "Al-data/data-1.h5": h5({"0": arrays(frames(8, 1)), "deep/1": arrays(frames(4, 2))}),
        "Al-data/data-2.h5": h5({"0": arrays(frames(8, 3))}),
        "Al-data/README": b"text",
    }


def test_frames_come_in_ev_with_forces_and_every_frame_is_in_one_split(tmp_path, mirror):
    study = mirror(two_files())
    make_data("al", OPTIONS, study, tmp_path / "out")
    manifest = read_manifest(tmp_path / "out" / "manifest.json")
    assert manifest["groups"] == 3
    assert counts(tmp_path / "out") == {
        "sets/n10/train.xyz": 8, "sets/n10/val.xyz": 2, "sets/n5/train.xyz": 4, "sets/n5/val.xyz": 1, "test_held-out.xyz": 5, "pools/al/pool.xyz": 15
    }  # fmt: skip
    pool, tests, _ = ani_al.read(OPTIONS, 1, study["mirror"], tmp_path / "out" / "downloads")
    assert len({frame.info["origin"] for frame in [*pool, *tests["held-out"]]}) == 20
    for frame in (pool[0], tests["held-out"][-1]):
        fresh = frame.copy()
        fresh.calc = EMT()
        assert frame.get_potential_energy() == pytest.approx(fresh.get_potential_energy(), abs=1e-9)
        np.testing.assert_allclose(frame.get_forces(), fresh.get_forces(), atol=1e-9)
        assert frame.pbc.all()
        assert frame.cell.lengths() == pytest.approx(4.0)
    # nothing of the archive is left behind but the archive
    assert [path.name for path in (tmp_path / "out" / "downloads").iterdir()] == ["Al-data.tgz"]


def test_splits_follow_the_seed_and_the_patterns(tmp_path, mirror):
    study = mirror(two_files())

    def origins(seed, **changes):
        pool, tests, _ = ani_al.read(OPTIONS | changes, seed, study["mirror"], tmp_path)
        return [frame.info["origin"] for frame in pool], {name: [frame.info["origin"] for frame in part] for name, part in tests.items()}

    assert origins(1) == origins(1) != origins(2)
    pool, tests = origins(1, train="data-1.h5/*", test={"other": "data-2.h5/*", "deep": "*/deep/*"}, n_test=3)
    assert all(name.startswith("data-2.h5/0 ") for name in tests["other"])
    assert all(name.startswith("data-1.h5/deep/1 ") for name in tests["deep"])
    assert len(pool) == 9
    assert all(name.startswith("data-1.h5/") for name in pool)
    with pytest.raises(InputError, match=r"test.other: 8 frames not yet drawn match 'data-2\*', but n_test is 9; there are 3 groups, such as data-1"):
        origins(1, test={"other": "data-2*"}, n_test=9)
    with pytest.raises(InputError, match=r"train: no frame is left whose group matches 'data-3\*'"):
        origins(1, train="data-3*")


@pytest.mark.parametrize(
    "names",
    [
        ("species", "coordinates", "cell", "energy", "force"),
        ("symbols", "positions", "cells", "energies", "forces"),
        ("atomic_numbers", "coords", "lattice", "energy", "forces"),
    ],
)
def test_usual_spellings_and_shapes_are_read(tmp_path, names):
    content = arrays(frames(3, 1), names)
    if names[0] == "atomic_numbers":
        content["atomic_numbers"] = np.full(4, 13)
    if names[0] == "symbols":
        content["cells"] = content["cells"][0]  # one for all frames
        content["energies"] = content["energies"][:, None]
    (tmp_path / "a.h5").write_bytes(h5({"x/y": content}))
    (group,) = ani_h5.read_groups(tmp_path / "a.h5")
    assert group.name == "a.h5/x/y"
    assert group.numbers.tolist() == [13] * 4
    assert (group.positions_A.shape, group.forces.shape, group.cells_A.shape, group.energies.shape) == ((3, 4, 3), (3, 4, 3), (3, 3, 3), (3,))


def test_forces_by_which_close_atoms_attract_are_refused(tmp_path, mirror):
    study = mirror({"data-1.h5": h5({"0": arrays(frames(20, 1), sign=1)})})
    with pytest.raises(InputError, match=r"force_array: gradient makes atoms closer than 2.6 Å attract each other; it should be force"):
        make_data("al", OPTIONS, study, tmp_path / "out")
    make_data("al", OPTIONS | {"force_array": "force"}, study, tmp_path / "out")


def without(content, *names, **more):
    return {name: values for name, values in content.items() if name not in names} | more


GOOD = arrays(frames(2, 1))
NAN = np.full((2, 4, 3), np.nan)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            without(GOOD, "force"),
            "a.h5/g: has no 'force'; arrays found: Jnames, cell, coordinates, energy, fermi, species; spellings known: force, f",
        ),
        (without(GOOD, "cell"), "has no 'cell'; arrays found"),
        (without(GOOD, energies=GOOD["energy"]), r"has 'energy' more than once \(energy, energies\)"),
        (without(GOOD, force=GOOD["force"][:, :3]), r"'force' should have the shape \(2, 4, 3\) \(frames, atoms\), but has \(2, 3, 3\)"),
        (without(GOOD, energy=GOOD["energy"][:1]), "'energy' should have the shape"),
        (without(GOOD, force=NAN), "'force' has a number that is not finite"),
        (without(GOOD, cell=np.zeros((2, 3, 3))), "'cell' of a frame spans no volume"),
        (without(GOOD, species=np.array([b"Xx"] * 4)), "species: 'Xx' is not an element"),
        (without(GOOD, species=np.full(4, 200)), "species: '200' is not an element"),
        (without(GOOD, species=["Al"] * 4), "species: holds object, but should hold texts of fixed length"),
        (without(GOOD, force=np.array([b"text"])), "force: holds |S4, but should hold numbers"),
        (without(GOOD, force=np.zeros((2, 4, 3), dtype=complex)), "holds complex128, but should hold numbers"),
    ],
)
def test_arrays_that_cannot_be_used_are_named(tmp_path, content, message):
    (tmp_path / "a.h5").write_bytes(h5({"g": content}))
    with pytest.raises(InputError, match=message):
        list(ani_h5.read_groups(tmp_path / "a.h5"))


def link(kind, target):
    info = tarfile.TarInfo("data-1.h5")
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"../data-1.h5": b""}, r"'../data-1.h5' leads outside"),
        ({"/tmp/data-1.h5": b""}, r"'/tmp/data-1.h5' leads outside"),
        ({"data-1.h5": link(tarfile.SYMTYPE, "/etc/passwd")}, "is a link or a device"),
        ({"data-1.h5": link(tarfile.LNKTYPE, "data-2.h5")}, "is a link or a device"),
        ({"data-1.h5": link(tarfile.FIFOTYPE, "")}, "is a link or a device"),
        ({"a/data-1.h5": b"", "b/data-1.h5": b""}, "two files are called 'data-1.h5'"),
        ({"data-1.h5": bytes(3000)}, "holds more than"),
        ({"readme": b"text"}, "no .h5 file in this archive"),
        (b"not a tar", "not a readable tar archive"),
        ({"data-1.h5": b"not HDF5"}, "data-1.h5: not a readable HDF5 file"),
    ],
)
def test_archives_with_bad_intent_or_damage_are_refused(tmp_path, mirror, monkeypatch, members, message):
    monkeypatch.setattr(ani_h5, "MOST_BYTES", 2000)
    study = mirror(members)
    with pytest.raises(InputError, match=message):
        make_data("al", OPTIONS, study, tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} <= {"mirror", "sources.csv", "out"}


def test_truncated_archives_end_with_a_message(tmp_path):
    tar(tmp_path / "whole.tgz", two_files())
    content = (tmp_path / "whole.tgz").read_bytes()
    for size in range(0, len(content) - 100, len(content) // 7):
        (tmp_path / "cut.tgz").write_bytes(content[:size])
        folder = tmp_path / f"at-{size}"
        folder.mkdir()
        with pytest.raises(InputError, match=r"not a readable tar archive|no .h5 file"):
            ani_h5.unpack(tmp_path / "cut.tgz", folder)


@pytest.mark.parametrize("kind", ["external link", "soft link", "virtual", "external data", "huge", "circle"])
def test_hdf5_that_reaches_elsewhere_is_refused(tmp_path, kind):
    path = tmp_path / "a.h5"
    (tmp_path / "secret").write_bytes(os.urandom(4 * 3 * 8 * 2))
    with h5py.File(path, "w") as file:
        group = file.create_group("g")
        for name, values in without(GOOD, "force").items():
            group.create_dataset(name, data=values)
        if kind == "external link":
            group["force"] = h5py.ExternalLink("other.h5", "/force")
        elif kind == "soft link":
            group["force"] = h5py.SoftLink("/g/coordinates")
        elif kind == "virtual":
            layout = h5py.VirtualLayout((2, 4, 3), float)
            layout[:] = h5py.VirtualSource("other.h5", "force", (2, 4, 3))
            group.create_virtual_dataset("force", layout)
        elif kind == "external data":
            group.create_dataset("force", (2, 4, 3), float, external=[(str(tmp_path / "secret"), 0, 192)])
        elif kind == "huge":
            group.create_dataset("force", (2**20, 2**14, 3), float, chunks=(1, 2**10, 3))
        else:
            group["force"] = GOOD["force"]
            group["again"] = group
    expected = {
        "huge": "claims 384.0 GiB",
        "circle": "nested more than",
        "virtual": "takes its numbers from",
        "external data": "takes its numbers from",
    }
    with pytest.raises(InputError, match=expected.get(kind, "is a link to elsewhere")):
        list(ani_h5.read_groups(path))
