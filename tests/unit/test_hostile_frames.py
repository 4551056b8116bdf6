"""Bad frames are refused with one line that names the file; good ones come back as they were written."""

import io
import re

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from data_stage import make_data
from hostile import campaign, folder, names, no_hang, refused, spoilt_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from nnip.data import extxyz, frames


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


STUDY = {"seed": 1, "n_train": 2, "validation_fraction": 0.5, "learning_curve": [], "mirror": None}


@pytest.mark.parametrize(
    "keys", [("", "forces"), ("energy", ""), ("forces", "energy"), ("positions", "forces"), ("pbc", "forces"), ("energy", "numbers")]
)
def test_labels_under_keys_that_hold_none(tmp_path, keys):
    (tmp_path / "mine.xyz").write_text(TEXT)
    file = {"file": str(tmp_path / "mine.xyz"), "frames": "0:2"}
    options = {"source": "extxyz", "train": file, "test": {"a": file}, "energy_key": keys[0], "forces_key": keys[1]}
    with refused("extxyz", "mine.xyz"):
        make_data("mine", options, STUDY, tmp_path / "out")
