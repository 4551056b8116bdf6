"""Bad frames, tables, manifests and archives are refused with one line that names the file; good ones come back as they were written."""

import io
import json
import os
import re
import tarfile

import ase.io
import h5py
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from hostile import REFUSED, campaign, no_hang, refused, spoilt_bytes  # noqa: F401
from hypothesis import given, settings
from hypothesis import strategies as st

from nnip import frames, tables
from nnip.data import ani_h5, extxyz
from nnip.data.download import fetch
from nnip.data.prepare import prepare
from nnip.manifest import Stopwatch, read_manifest, write_manifest
from nnip.schema import read_yaml


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile")


# --- frames -----------------------------------------------------------------


def made_frames(n, seed=0, pbc=False):
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        atoms = Atoms("CHO", positions=rng.normal(size=(3, 3)), cell=[5, 6, 7] if pbc else None, pbc=pbc)
        atoms.calc = SinglePointCalculator(atoms, energy=float(rng.normal()), forces=rng.normal(size=(3, 3)))
        made.append(atoms)
    return made


def text_of(atoms):
    buffer = io.StringIO()
    ase.io.write(buffer, atoms, format="extxyz")
    return buffer.getvalue()


TEXT = text_of(made_frames(3))
PERIODIC = text_of(made_frames(3, pbc=True))
HEADERS = ["0", "-3", "3.0", "1e9", "4", "2", "", "three", "99999999999999", "9" * 5000, "3 3", "٣", "\ufeff3", "0x3", "1_0", "+3", "nan"]
COMMENTS = {
    r"energy=\S+": [
        "", "energy", "energy=", "energy=T", "energy=none", "energy=nan", "energy=inf", "energy=-1e308", 'energy="1 2"', "energy={}", "Energy=1",
        "energy=1 energy=2", "energy=1e400", 'energy="_JSON [[1]]"', f'energy="_JSON {"[" * 3000}"', "energy=1,2", "energy=1j", "energy=True",
    ],
    r"pbc=\"[^\"]*\"": ['pbc="T T"', "pbc=perhaps", 'pbc="1 2 3"', 'pbc="T T T"', "pbc=T", 'pbc="nan 0 0"', 'pbc="F F F" pbc="T T T"'],
    r"Properties=\S+": [
        "", "Properties", "Properties=", "Properties=species", "Properties=species:S:1", "Properties=1", "Properties=pos:R:3:species:S:1",
        "Properties=species:S:1:pos:R:99999999999:forces:R:3", "Prop\\erties=species:S:1:pos:R:99999999999",
        "'Properties'=species:S:1:pos:R:99999999999", f"Properties=species:S:1:pos:R:1{'0' * 400}",
        *(f"Properties=species:S:1:pos:R:3{rest}" for rest in ("", ":forces:R:2", ":forces:L:3", ":pos:R:3", ":force:R:3", ":forces:R:3:more")),
        *(f"Properties=species:S:1:pos:{rest}" for rest in ("X:3:forces:R:3", "R:0:forces:R:6", "R:-3:forces:R:3")),
        *(f"Properties={rest}:pos:R:3:forces:R:3" for rest in ("species:R:1", "Z:I:1", "species:S:2")),
    ],
}  # fmt: skip
LATTICES = [
    "",
    "Lattice",
    'Lattice="1 2 3"',
    'Lattice="0 0 0 0 0 0 0 0 0"',
    'Lattice="nan 0 0 0 6 0 0 0 7"',
    'Lattice="1e300 0 0 0 6 0 0 0 7"',
    "Lattice=big",
]
TOKENS = ["nan", "inf", "-inf", "1e300", "1e7", "x", "", "1 2", "1,0", "--1", "0x1p3", "1e", "T", "1e-", "𝒩"]
SPECIES = ["", "X", "Xx", "1.5", "C H", "carbon", "*", "Uuo", "-", "é", "C1"]
TRICKS = [f'a="{"[" * 100}', "=", "a=b=c", "'", "{", 'a="', "\\"]


@st.composite
def spoilt_frames(draw):
    """The text of three frames of which one is spoilt in one place."""
    text = draw(st.sampled_from([TEXT, PERIODIC]))
    lines = text.splitlines()
    start = 5 * draw(st.integers(0, 2))
    atom = start + 2 + draw(st.integers(0, 2))
    words = lines[atom].split()
    kind = draw(st.sampled_from(["header", "comment", "lattice", "token", "species", "more", "less", "twin", "cut", "line"]))
    if kind == "header":
        lines[start] = draw(st.sampled_from(HEADERS))
    elif kind == "comment":
        pattern = draw(st.sampled_from(list(COMMENTS)))
        new = draw(st.sampled_from(COMMENTS[pattern]))
        if text == PERIODIC and new == 'pbc="T T T"':
            new = "pbc=x"
        lines[start + 1] = re.sub(pattern, lambda match: new, lines[start + 1])
    elif kind == "lattice":
        start = 5 * draw(st.integers(0, 2))
        lines = PERIODIC.splitlines()
        lines[start + 1] = re.sub(r'Lattice="[^"]*"', draw(st.sampled_from(LATTICES)), lines[start + 1])
    elif kind == "token":
        words[draw(st.integers(1, 6))] = draw(st.sampled_from(TOKENS))
    elif kind == "species":
        words[0] = draw(st.sampled_from(SPECIES))
    elif kind == "more":
        words += draw(st.lists(st.sampled_from(["0", "x", "nan"]), min_size=1, max_size=3))
    elif kind == "less":
        words = words[: draw(st.integers(0, 6))]
    elif kind == "twin":
        words[1:4] = lines[start + 2 if atom > start + 2 else start + 3].split()[1:4]
    if kind in ("token", "species", "more", "less", "twin"):
        lines[atom] = " ".join(words)
    if kind == "line":
        del lines[draw(st.integers(0, 14))]
    spoilt = "\n".join(lines) + "\n"
    if kind == "cut":  # not within the last number, which would be another number
        frame = text.splitlines(keepends=True)[: start + 5]
        spoilt = "".join(frame[:-1])[draw(st.just(0)) :]
        spoilt += " ".join(frame[-1].split()[: draw(st.integers(0, 6))])
    return spoilt


@settings(campaign, max_examples=450)
@given(text=spoilt_frames())
def test_frames_that_are_spoilt_in_one_place(folder, text):
    file = folder / "mine.xyz"
    file.write_text(text, encoding="utf-8")
    with refused("extxyz", "mine.xyz"):
        extxyz.read_frames(file)


@settings(campaign, max_examples=60)
@given(content=spoilt_bytes(TEXT.encode()))
def test_files_that_are_no_frames(folder, content):
    file = folder / "mine.xyz"
    file.write_bytes(content)
    for read in (extxyz.read_frames, frames.read_frames):
        with refused("extxyz", "mine.xyz"):
            read(file)


@settings(campaign, max_examples=60)
@given(start=st.one_of(st.none(), st.integers(-5, 10**20)), stop=st.one_of(st.none(), st.integers(-5, 10**20)))
def test_ranges_that_are_not_in_the_file(folder, start, stop):
    file = folder / "three.xyz"
    file.write_text(TEXT)
    first, last = start or 0, 3 if stop is None else stop
    text = f"{'' if start is None else start}:{'' if stop is None else stop}"
    if 0 <= first < last <= 3 and stop != 0:
        assert len(extxyz.read_frames(file, text)) == last - first
        return
    with refused("extxyz", "three.xyz"):
        extxyz.read_frames(file, text)


@pytest.mark.parametrize("trick", TRICKS)
def test_odd_second_lines_end_in_a_message_or_in_the_frames_themselves(folder, trick):
    lines = TEXT.splitlines()
    lines[1] = f"{trick} {lines[1]}"
    (folder / "odd.xyz").write_text("\n".join(lines) + "\n")
    try:
        first, *_ = extxyz.read_frames(folder / "odd.xyz")
    except Exception as error:
        assert type(error).__name__ == "InputError", repr(error)
    else:
        np.testing.assert_allclose(first.get_forces(), made_frames(1)[0].get_forces(), atol=1e-8)


finite = st.floats(-1e5, 1e5).map(lambda x: round(x, 8) + 0.0)
names = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/"), min_size=1, max_size=40)


@settings(campaign, max_examples=60)
@given(
    symbols=st.lists(st.sampled_from(["H", "C", "Al", "U"]), min_size=1, max_size=6),
    values=st.data(),
    pbc=st.tuples(*[st.booleans()] * 3),
    name=names,
)
def test_frames_come_back_from_a_file_of_any_name(folder, symbols, values, pbc, name):
    n = len(symbols)
    positions = np.array(values.draw(st.lists(st.tuples(finite, finite, finite), min_size=n, max_size=n, unique=True)))
    forces = np.array(values.draw(st.lists(st.tuples(finite, finite, finite), min_size=n, max_size=n)))
    energy = values.draw(st.floats(-1e5, 1e5))
    atoms = Atoms(symbols, positions, cell=[4.0, 5.0, 6.0], pbc=pbc)
    made = extxyz.labelled(atoms, energy, forces, f"{name} frame 0")
    file = folder / f"{name[:40]}@1.xyz"
    extxyz.write_frames(file, [made, made])
    for read in (*frames.read_frames(file), *extxyz.read_frames(file), *frames.read_frames(file, at_most=1)):
        assert (read.symbols == atoms.symbols).all()
        assert (read.pbc == pbc).all()
        np.testing.assert_allclose(read.positions, positions, rtol=0, atol=1e-8)
        np.testing.assert_allclose(read.get_forces(), forces, rtol=0, atol=1e-8)
        assert read.get_potential_energy() == energy
    file.unlink()


def test_a_name_is_a_name_and_no_instruction_to_ase(tmp_path):
    for name in ("a@0", "a.xyz@:", "a.gz", "a.json", "a.db", "a.traj", "a.pckl", "POSCAR", "a.py", "-", "[a]", "a*"):
        (tmp_path / name).write_text(text_of(made_frames(2)))
        assert len(extxyz.read_frames(tmp_path / name)) == len(frames.read_frames(tmp_path / name)) == 2
    (tmp_path / "a").write_text("another file")
    assert len(extxyz.read_frames(tmp_path / "a@0")) == 2
    (tmp_path / "pickled.xyz").write_bytes(b"cos\nsystem\n(S'touch PWNED'\ntR.")
    with refused("extxyz", "pickled.xyz"):
        extxyz.read_frames(tmp_path / "pickled.xyz")


# --- what is no file --------------------------------------------------------


@pytest.mark.parametrize(
    "read",
    [extxyz.read_frames, frames.read_frames, read_manifest, read_yaml, lambda path: tables.read_table("failures", path)],
    ids=["frames", "own frames", "manifest", "yaml", "table"],
)
def test_what_is_no_file_is_named(tmp_path, read):
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    (tmp_path / "file").write_text("x")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "locked").write_text(TEXT)
    (tmp_path / "locked").chmod(0)
    for name in ("folder", "loop", "dangling", "nothing", "file/inside", "pipe", "a" * 300, "a\0b", *([] if os.geteuid() == 0 else ["locked"])):
        with refused("no file", name.split("\0")[0]):
            read(tmp_path / name)
    for device in ("/dev/null", "/dev/zero"):
        with refused("no file", device):
            read(device)


# --- tables -----------------------------------------------------------------

KINDS = {"failures": None, "landscape": None, "models": None, "errors": None, "trainings": None, "outcomes": None, "weights": None, "toy": None}
VALUES = {
    "str": st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), min_size=1, max_size=20),
    "int": st.integers(-(2**31), 2**31),
    "float": st.floats(allow_nan=False),
    "bool": st.booleans(),
}
NOT = {
    "int": ["1.5", "one", "nan", "inf", "1e3", "0x10", "1_000", " 1", "9" * 30, "true", "-", "٣", "--1", "1,5"],
    "float": ["one", "nan", "NaN", "1,5", "1_000.0", "0x1p3", "1e", "e5", "true", "--1", " 1.0", "infinity", "None", "٣", "1.0.0"],
    "bool": ["yes", "True", "1", "0", "TRUE", "falsch", " true", "nan", "t"],
}


def rows_of(table, n):
    wanted = tables.columns(table)
    row = {
        name: st.one_of(VALUES[kind.removeprefix("optional ")], *([st.none()] if kind.startswith("optional ") else []))
        for name, kind in wanted.items()
    }
    return st.lists(st.fixed_dictionaries(row), min_size=n, max_size=3)


@settings(campaign, max_examples=80)
@given(table=st.sampled_from(list(KINDS)), data=st.data())
def test_tables_come_back_as_they_were_written(folder, table, data):
    rows = data.draw(rows_of(table, 0))
    tables.write_table(table, rows, folder / "good.csv")
    read = tables.read_table(table, folder / "good.csv")
    again = [{name: None if value is tables.pd.NA else value for name, value in row.items()} for row in read.to_dict("records")]
    assert again == rows


PLAIN = {"str": "a", "int": "3", "float": "1.5", "bool": "true"}


@st.composite
def spoilt_tables(draw):
    """A table's name and the text of one with two rows that is spoilt in one place."""
    table = draw(st.sampled_from(list(KINDS)))
    wanted = tables.columns(table)
    header = list(wanted)
    rows = [[PLAIN[kind.removeprefix("optional ")] for kind in wanted.values()] for _ in range(2)]
    row = draw(st.integers(0, 1))
    kind = draw(
        st.sampled_from(["lacking", "renamed", "twice", "more", "blank", "value", "value", "value", "longer", "shorter", "cut", "quote", "nul"])
    )
    place = draw(st.integers(0, len(header) - 1))
    if kind == "lacking":
        for line in (header, *rows):
            del line[place]
    elif kind == "renamed":
        header[place] += draw(st.sampled_from(["x", " ", "_eV", "\ufeff"]))
    elif kind == "twice":
        for line in (header, *rows):
            line.append(line[place])
    elif kind == "more":
        for line in (header, *rows):
            line.insert(place, "more")
    elif kind == "blank":
        place = draw(st.sampled_from([index for index, name in enumerate(wanted) if not wanted[name].startswith("optional ")]))
        rows[row][place] = ""
    elif kind == "value":
        numbers = [index for index, name in enumerate(wanted) if not wanted[name].endswith("str")]
        place = draw(st.sampled_from(numbers))
        bad = draw(st.sampled_from(NOT[wanted[header[place]].removeprefix("optional ")]))
        rows[row][place] = f'"{bad}"' if "," in bad else bad
    elif kind == "longer":
        rows[row].append(draw(st.sampled_from(["", "1", "x"])))
    elif kind == "shorter":
        rows[row] = rows[row][: draw(st.integers(1, len(header) - 1))]
    elif kind == "quote":
        rows[row][place] = '"' + rows[row][place]
    elif kind == "nul":
        rows[row][place] += "\0"
    text = "".join(",".join(line) + "\n" for line in (header, *rows))
    if kind == "cut":
        text = text[: draw(st.integers(0, len(text) - 2))].rstrip("\n")
    return table, text


@settings(campaign, max_examples=400)
@given(spoilt=spoilt_tables())
def test_tables_that_are_spoilt_in_one_place(folder, spoilt):
    table, text = spoilt
    file = folder / "mine.csv"
    file.write_text(text, encoding="utf-8")
    with refused("table", "mine.csv"):
        tables.read_table(table, file)


@settings(campaign, max_examples=60)
@given(content=spoilt_bytes("".join(f"{','.join(line)}\n" for line in (tables.columns("failures"), ["a"] * 10)).encode()))
def test_files_that_are_no_tables(folder, content):
    file = folder / "mine.csv"
    file.write_bytes(content)
    with refused("table", "mine.csv"):
        tables.read_table("failures", file)


# --- manifests --------------------------------------------------------------


def manifest_text(folder, **settings):
    write_manifest(folder / "manifest.json", "train", settings, {"root": 1}, "cpu", Stopwatch(), status="ok", reason=None)
    return (folder / "manifest.json").read_text()


plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


@settings(campaign, max_examples=50)
@given(value=plain)
def test_manifests_come_back_as_they_were_written(folder, value):
    manifest_text(folder, value=value)
    manifest = read_manifest(folder / "manifest.json")
    assert manifest["settings"] == {"value": value}
    write_manifest(folder / "again.json", "train", manifest["settings"], {}, "cpu", Stopwatch())
    assert read_manifest(folder / "again.json")["settings_sha256"] == manifest["settings_sha256"]


MANIFEST = json.dumps({"stage": "train", "status": "ok", "settings": {"a": 1, "b": [1, 2]}, "settings_sha256": "0", "seeds": {"root": 1}} | {
    "device": "cpu", "wall_s": 0.5, "packages": {"ase": "3"}
}, indent=2) + "\n"  # fmt: skip
EVERY = ("stage", "settings", "settings_sha256", "seeds", "device", "wall_s", "packages")


@settings(campaign, max_examples=250)
@given(data=st.data())
def test_manifests_that_are_spoilt_in_one_place(folder, data):
    text = MANIFEST
    (folder / "manifest.json").write_text(text)
    assert read_manifest(folder / "manifest.json")["stage"] == "train"
    content = json.loads(text)
    kind = data.draw(st.sampled_from(["lacking", "type", "cut", "twice", "number", "other", "bytes"]))
    key = data.draw(st.sampled_from(EVERY))
    if kind == "lacking":
        del content[key]
    elif kind == "type":
        wrong = [None, True, [], [1], *({"stage": [1, {}], "device": [1, {}], "settings_sha256": [1, {}], "wall_s": ["1", {}]}.get(key, [1, "text"]))]
        content[key] = data.draw(st.sampled_from(wrong))
    spoilt = json.dumps(content, indent=2).encode()
    if kind == "cut":
        spoilt = text.encode()[: data.draw(st.integers(0, len(text.encode()) - 2))]
    elif kind == "twice":
        spoilt = text.replace("{", '{"stage": "train",', 1).encode()
    elif kind == "number":
        spoilt = text.replace(
            '"a": 1', f'"a": {data.draw(st.sampled_from(["NaN", "Infinity", "-Infinity", "01", "1.", "9" * 5000, ".5", "0x1", "+1"]))}'
        ).encode()
    elif kind == "other":
        others = [b"[]", b"null", b"1", b'"text"', b"{}", b"[" * 100000, b'{"a":' * 100000, text.encode() * 2, text.replace('"', "'").encode()]
        spoilt = data.draw(st.sampled_from(others))
    elif kind == "bytes":
        spoilt = data.draw(spoilt_bytes(text.encode()))
    (folder / "manifest.json").write_bytes(spoilt)
    with refused("manifest", "manifest.json"):
        read_manifest(folder / "manifest.json")


# --- archives ---------------------------------------------------------------


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


STUDY = {"seed": 1, "n_train": 2, "validation_fraction": 0.5, "learning_curve": [], "mirror": None}


@pytest.mark.parametrize(
    "keys", [("", "forces"), ("energy", ""), ("forces", "energy"), ("positions", "forces"), ("pbc", "forces"), ("energy", "numbers")]
)
def test_labels_under_keys_that_hold_none(tmp_path, keys):
    (tmp_path / "mine.xyz").write_text(TEXT)
    file = {"file": str(tmp_path / "mine.xyz"), "frames": "0:2"}
    options = {"source": "extxyz", "train": file, "test": {"a": file}, "energy_key": keys[0], "forces_key": keys[1]}
    with refused("extxyz", "mine.xyz"):
        prepare("mine", options, STUDY, tmp_path / "out")


# --- the count --------------------------------------------------------------


def test_more_than_two_thousand_bad_inputs_were_refused(request):
    asked = {item.path.name for item in request.session.items}
    if not {"test_hostile_config.py", "test_hostile_files.py"} <= asked or request.config.option.keyword:
        pytest.skip("counts what both files of hostile inputs refused")
    assert set(REFUSED) == {"config", "model table", "extxyz", "no file", "table", "manifest", "archive", "download"}
    assert min(REFUSED.values()) >= 40, REFUSED
    assert REFUSED.total() >= 2000, REFUSED
    print(f"refused: {REFUSED.total()}, {dict(REFUSED)}")
