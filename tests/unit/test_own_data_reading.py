"""Keys and species of a user's frames are read or refused by name with what would be right; contradicting labels are no duplicates."""

import pytest
from ase.io import write
from own_files import ATOMS, COLUMNS, made, prepare_files, refusal

from nnip.data.extxyz import read_frames
from nnip.jobs.errors import InputError


def refusal_of(tmp_path, comment, atoms=ATOMS, n=2, **keys):
    """The message for a file whose first frame is right and whose second has this second line and these atoms."""
    path = tmp_path / "mine.xyz"
    good = f'2\n{COLUMNS} energy=-1.5 REF_energy=1 pbc="F F F"\n{ATOMS}' if not keys else ""
    path.write_text(f"{good}{n}\n{comment}\n{atoms}")
    text = refusal(path, **keys)
    assert f"mine.xyz: frame {0 if keys else 1}" in text
    return text


def test_the_examples_of_users(field):
    for name in ("train", "test"):
        text = refusal(field / f"11_lower_lattice_{name}.xyz", energy_key="REF_energy", forces_key="REF_forces")
        assert "frame 0 has 'lattice', which is not read: write Lattice=" in text
    assert "frame 0 has LAMMPS types (1, 2, 3), not elements: write the dump again with `dump_modify" in refusal(field / "lammps_types.xyz")
    packed, plain = (
        read_frames(field / name, "0:2", energy_key="REF_energy", forces_key="REF_forces") for name in ("gz.xyz.gz", "ethanol_train.xyz")
    )
    for one, other in zip(packed, plain, strict=True):
        assert one == other and one.get_potential_energy() == other.get_potential_energy()
        assert (one.get_forces() == other.get_forces()).all()
    text = refusal(field / "ethanol_train.xyz")
    assert text.endswith("frame 0 has no 'energy' (energy_key); it has REF_energy: set energy_key: REF_energy")


CUBE = '"4 0 0 0 4 0 0 0 4"'


@pytest.mark.parametrize(
    ("given", "right"),
    [
        *((f"{key}={CUBE}", 'write Lattice="ax') for key in ("lattice", "LATTICE", "cell", "Cell", "unit_cell", "Tv", "box", "lattice_vectors")),
        ('cell="4 4 4"', 'write Lattice="ax'),
        ('cell="4.05 4.05 4.05 90 90 90"', 'write Lattice="ax'),
        ("cell=4.05", 'write Lattice="ax'),
        ("cell=[[4, 0, 0], [0, 4, 0], [0, 0, 4]]", 'write Lattice="ax'),
        (f'lattice={CUBE} pbc="T T T"', 'write Lattice="ax'),
        *((f'{key}="T T T"', 'write pbc="T T T"') for key in ("PBC", "Pbc", "periodic", "periodicity")),
        ("periodic=F", 'pbc="F F F" for a molecule'),
    ],
)
def test_a_cell_or_pbc_under_another_spelling(tmp_path, given, right):
    text = refusal_of(tmp_path, f"{COLUMNS} energy=-1 {given}")
    assert f"frame 1 has '{given.split('=')[0]}', which is not read: " in text and right in text


@pytest.mark.parametrize(
    "comment", ["cell=2", "cell=fcc", f'lattice={CUBE} pbc="F F F"', f"Lattice={CUBE} lattice={CUBE}", f"Lattice={CUBE} cell=4.05"]
)
def test_what_is_no_lost_cell_is_read(tmp_path, comment):
    (tmp_path / "a.xyz").write_text(f"2\n{COLUMNS} energy=-1 {comment}\n{ATOMS}")
    (frame,) = read_frames(tmp_path / "a.xyz")
    assert frame.pbc.all() == ("Lattice" in comment) == (round(frame.cell.volume) == 64)


def test_a_molecule_with_a_cell_remains_a_molecule(tmp_path):
    (tmp_path / "a.xyz").write_text(f'2\n{COLUMNS} energy=-1 Lattice={CUBE} pbc="F F F"\n{ATOMS}')
    (frame,) = read_frames(tmp_path / "a.xyz")
    assert not frame.pbc.any() and round(frame.cell.volume) == 64


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ("properties=species:S:1:pos:R:3:forces:R:3", "has 'properties', which is not read: write Properties=species:S:1:pos:R:3:forces:R:3"),
        ("PROPERTIES=species:S:1:pos:R:3:forces:R:3", "has 'PROPERTIES', which is not read"),
        *(
            (f"Properties={key}:S:1:pos:R:3:forces:R:3", f"Properties has '{key}': write species:S:1")
            for key in ("element", "Species", "symbol", "name")
        ),
        ("Properties=Z:S:1:pos:R:3:forces:R:3", "for element symbols write species:S:1"),
        ("Properties=type:S:1:pos:R:3:forces:R:3", "Properties has 'type', a type of LAMMPS or OVITO"),
        *(
            (f"Properties=species:S:1:{key}:R:3:forces:R:3", f"Properties has '{key}': write pos:R:3")
            for key in ("position", "coords", "Pos", "xyz", "Coordinates")
        ),
        ("Properties=species:S:1:scaled_positions:R:3:forces:R:3", "write Cartesian positions in Å"),
        ("Properties=species:S:1:x:R:1:y:R:1:z:R:1:forces:R:3", "x, y and z together, as pos:R:3"),
        *(
            (f"Properties=species:S:1:pos:R:3:{key}:R:3", f"has no 'forces' (forces_key); it has {key}: set forces_key: {key}")
            for key in ("force", "Forces", "dft_forces")
        ),
        *((f"Properties=species:S:1:pos:R:3:{key}:R:3", f"it has {key}: forces are minus the gradient") for key in ("gradient", "gradients")),
        ("", "atom 0 has 7 columns, but it has no Properties, which would say what they are"),
    ],
)
def test_columns_under_another_name(tmp_path, properties, words):
    assert words in refusal_of(tmp_path, f"{properties} energy=-1")


def test_columns_of_atomic_numbers_that_no_name_tells(tmp_path):
    atoms = ATOMS.replace("H", "1").replace("O", "8")
    text = refusal_of(tmp_path, "Properties=atomic_numbers:I:1:pos:R:3:forces:R:3 energy=-1", atoms)
    assert "Properties has 'atomic_numbers': write Z:I:1" in text
    assert "a type of LAMMPS or OVITO" in refusal_of(tmp_path, "Properties=type:I:1:pos:R:3:forces:R:3 energy=-1", atoms)
    (tmp_path / "z.xyz").write_text(f"2\nProperties=Z:I:1:pos:R:3:forces:R:3 energy=-1\n{atoms}")
    assert read_frames(tmp_path / "z.xyz")[0].get_chemical_symbols() == ["H", "O"]


@pytest.mark.parametrize("key", ["REF_energy", "energy_eV", "Energy", "dft_energy", "free_energy", "TotEnergy", "E", "toten"])
def test_another_key_of_the_energy_is_suggested(tmp_path, key):
    (tmp_path / "a.xyz").write_text(f"2\n{COLUMNS} {key}=-1.5 step=3\n{ATOMS}")
    text = refusal(tmp_path / "a.xyz")
    assert text.endswith(f"frame 0 has no 'energy' (energy_key); it has {key}: set energy_key: {key}")
    assert read_frames(tmp_path / "a.xyz", energy_key=key)[0].get_potential_energy() == -1.5


def test_of_several_keys_the_nearest_comes_first(tmp_path):
    (tmp_path / "a.xyz").write_text(f"2\n{COLUMNS} mp2_energy=-1.5 REF_energies=3 ref_energy=2\n{ATOMS}")
    text = refusal(tmp_path / "a.xyz", energy_key="REF_energy")
    assert "it has ref_energy, REF_energies, mp2_energy: set energy_key to the right one, such as energy_key: ref_energy" in text


@pytest.mark.parametrize("comment", ["", "water, optimised", "Atoms. Timestep: 0", "charge 0 spin 1"])
def test_a_plain_xyz_has_no_labels(tmp_path, comment):
    (tmp_path / "a.xyz").write_text(f"2\n{comment}\nH 0 0 0\nO 0 0 1\n")
    assert "frame 0 has no labels: coordinates only, as in a plain xyz" in refusal(tmp_path / "a.xyz")


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("C1", "a label: write the element, C"),
        ("Cl2", "a label: write the element, Cl"),
        ("Fe_pv", "a label: write the element, Fe"),
        ("CA", "which may be Ca or a label of C: write the element's symbol, Ca or C"),
        ("CL", "which may be Cl or a label of C"),
        ("h", "not in the usual case: write H"),
        ("cl", "not in the usual case: write Cl"),
        ("Fe2+", "an ion: write Fe"),
        ("O-", "an ion: write O"),
        ("D", "deuterium: write H"),
        ("T", "tritium: write H"),
        ("13C", "an isotope: write C"),
        ("carbon", "the name of an element: write its symbol, C"),
        ("X", "a dummy atom, not an element: leave it out"),
        ("Bq", "a dummy atom"),
        ("Tv", "a lattice vector, not an atom"),
        ("Qq", "which is not an element"),
    ],
)
def test_words_that_are_no_symbols(tmp_path, word, words):
    text = refusal_of(tmp_path, f"{COLUMNS} energy=-1", ATOMS.replace("O", word))
    assert f"frame 1: atom 1 is '{word}', {words}" in text


def test_types_of_lammps(tmp_path):
    text = refusal_of(tmp_path, "Atoms. Timestep: 100", "1 0 0 0\n2 0 0 1\n")
    assert "has LAMMPS types (1, 2), not elements" in text and "dump_modify ID element" in text
    text = refusal_of(tmp_path, f"{COLUMNS} energy=-1", ATOMS.replace("H", "1").replace("O", "10"))
    assert "has numbers (1, 10) in the column of elements" in text and "write Z:I:1" in text


def test_a_trajectory_of_cp2k(tmp_path):
    text = refusal_of(tmp_path, " i =        0, time =        0.000, E =       -17.1643447508", "H 0 0 0\nO 0 0 1\n")
    assert "a CP2K trajectory: its energy is in hartree and its forces are in another file" in text


def test_crystals_and_molecules_in_one_file_are_warned_of(tmp_path):
    frames = made(4, cell=[5, 6, 7], pbc=True)
    frames[2].pbc = False
    write(tmp_path / "mixed.xyz", frames, format="extxyz")
    warnings = prepare_files(tmp_path, tmp_path / "mixed.xyz")["manifest"]["warnings"]
    (warning,) = [text for text in warnings if "periodic" in text]
    assert "mixed.xyz: 1 of 4 frames are not periodic, the others are (first mixed.xyz frame 2)" in warning


def contradicting(tmp_path, change, **more):
    frames = made(3)
    write(tmp_path / "train.xyz", frames, format="extxyz")
    change(frames[1])
    write(tmp_path / "test.xyz", frames[1:2], format="extxyz")
    with pytest.raises(InputError) as error:
        prepare_files(tmp_path, tmp_path / "train.xyz", tmp_path / "test.xyz", **more)
    return str(error.value), frames[1].calc.results["energy"]


@pytest.mark.parametrize("drop", [False, True])
def test_other_labels_of_one_geometry_contradict(tmp_path, drop):
    text, energy = contradicting(tmp_path, lambda frame: frame.calc.results.update(energy=frame.calc.results["energy"] + 0.25), drop_duplicates=drop)
    assert "test a: test.xyz frame 0 is atom by atom train.xyz frame 1 of the training frames" in text
    assert f"its energy is {energy:.6f} eV, not {energy - 0.25:.6f} eV, which is no duplicate and is not dropped" in text
    text, _ = contradicting(tmp_path, lambda frame: frame.calc.results.update(forces=-frame.calc.results["forces"]), drop_duplicates=drop)
    assert "a force differs by" in text


def test_labels_that_agree_to_the_digits_of_a_file_are_duplicates(tmp_path):
    text, _ = contradicting(tmp_path, lambda frame: frame.calc.results.update(energy=round(frame.calc.results["energy"], 3)))
    assert "repeats train.xyz frame 1" in text and "drop_duplicates: true" in text
