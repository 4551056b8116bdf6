"""Bad archives and downloads are refused with one line that names the file."""

import io
import tarfile

import h5py
import numpy as np
from hostile import campaign, folder, names, no_hang, refused
from hypothesis import given, settings
from hypothesis import strategies as st

from nnip.data import ani_h5
from nnip.data.download import fetch


def arrays(n=2):
    rng = np.random.default_rng(0)
    cells = np.broadcast_to(5 * np.eye(3), (n, 3, 3))
    return {"species": np.array([b"Al", b"Al"]), "coordinates": rng.normal(size=(n, 2, 3)), "cell": cells, "energy": rng.normal(size=n)} | {
        "force": rng.normal(size=(n, 2, 3))
    }


BAD_ARRAYS = {
    "species": [np.array([b"Al"]), np.array([b"Xx", b"Al"]), np.array([0, 13]), np.array([13, 999]), np.array([[13, 13]]), np.array([1.5, 2.0])],
    "coordinates": [np.zeros((2, 3, 3)), np.zeros((3, 2, 3)), np.zeros(4), np.full((2, 2, 3), np.nan), np.array([b"a"]), np.zeros((2, 2, 3), bool)],
    "cell": [np.zeros((2, 3, 3)), np.zeros((2, 3)), np.full((2, 3, 3), np.inf), np.eye(2), np.ones((2, 3, 3)), np.zeros((2, 3, 3), complex)],
    "energy": [np.zeros(3), np.array([1.0, np.nan]), np.array([b"a", b"b"]), np.zeros(0), np.zeros((2, 2)), np.array([True, False])],
    "force": [np.zeros((2, 2)), np.zeros((2, 2, 4)), np.full((2, 2, 3), np.inf), np.zeros(0), np.array([1j])],
}  # fmt: skip


@settings(campaign, max_examples=120)
@given(data=st.data())
def test_archives_that_are_spoilt_in_one_place(folder, data):
    content: dict[str, object] = dict(arrays())
    name = data.draw(st.sampled_from(list(content)))
    kind = data.draw(
        st.sampled_from(["lacking", "twice", "array", "array", "array", "text", "soft", "external", "virtual", "reference", "empty", "cut"])
    )
    if kind == "array":
        content[name] = BAD_ARRAYS[name][data.draw(st.integers(0, len(BAD_ARRAYS[name]) - 1))]
    path = folder / "data.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("0")
        for key, value in content.items():
            if key != name or kind == "array":
                group[key] = value
        if kind == "twice":
            group[name] = group[ani_h5.SPELLINGS[name][1]] = content[name]
        elif kind == "text":
            group[name] = ["variable length", "texts"]
        elif kind == "soft":
            group[name] = h5py.SoftLink("/elsewhere")
        elif kind == "external":
            group[name] = h5py.ExternalLink("/etc/passwd", "/0")
        elif kind == "virtual":
            layout = h5py.VirtualLayout(shape=np.shape(content[name]), dtype=float)
            group.create_virtual_dataset(name, layout)
        elif kind == "reference":
            group[name] = np.array([file.ref, group.ref], dtype=h5py.ref_dtype)
        elif kind == "empty":
            group[name] = h5py.Empty(float)
    if kind == "cut":
        path.write_bytes(path.read_bytes()[: data.draw(st.integers(0, path.stat().st_size // 2))])
    with refused("archive", "data.h5"):
        list(ani_h5.read_groups(path))


@settings(campaign, max_examples=60)
@given(data=st.data())
def test_tar_files_that_are_spoilt(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("tar")
    buffer = io.BytesIO()
    kind = data.draw(st.sampled_from(["name", "cut", "other", "link"]))
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo("a.h5")
        if kind == "name":
            info.name = data.draw(
                st.sampled_from(["../a.h5", "/tmp/a.h5", "a/../../b.h5", "..\\a.h5", "a.txt", ".a.h5", "a.h5.gz", "a" * 300 + ".h5"])
            )
        if kind == "link":
            info.type, info.linkname = data.draw(st.sampled_from([tarfile.SYMTYPE, tarfile.LNKTYPE])), "/etc/passwd"
        info.size = 5000 if kind in ("name", "cut") else 0
        tar.addfile(info, io.BytesIO(bytes(info.size)))
    content = buffer.getvalue()
    if kind == "cut":
        content = content[: data.draw(st.integers(0, 5000))]
    elif kind == "other":
        content = data.draw(st.binary(max_size=100))
    (folder / "data.tgz").write_bytes(content)
    (folder / "inside").mkdir()
    with refused("archive", "data.tgz"):
        ani_h5.unpack(folder / "data.tgz", folder / "inside")
    assert {path.name for path in folder.iterdir()} == {"data.tgz", "inside"}


@settings(campaign, max_examples=40)
@given(name=st.one_of(names, st.sampled_from(["../a", "/etc/passwd", "train_300K.xyz@0", "train_300K.xyz\n", "TRAIN_300K.XYZ", "", "."])))
def test_only_listed_files_are_fetched(folder, name):
    with refused("download", "data_sources.csv"):
        fetch("3bpa", name, str(folder), folder / "downloads")
