"""What other programs write is read, or refused as what it is with the way to extxyz."""

import bz2
import gzip
import io
import pickle
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import ase
import h5py
import numpy as np
import pytest
from ase.io import write
from own_files import made, prepare_files, refusal

from nnip.data.extxyz import read_frames
from nnip.jobs.errors import InputError

VASP = Path(ase.__file__).parent / "test/testdata/vasp"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs/own-data.md"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_packed_frames(tmp_path, pack):
    frames = made(3, cell=[5, 6, 7], pbc=True)
    write(tmp_path / "a.xyz", frames, format="extxyz")
    (tmp_path / "packed").write_bytes(pack((tmp_path / "a.xyz").read_bytes()))
    for one, other in zip(read_frames(tmp_path / "packed", "1:"), read_frames(tmp_path / "a.xyz", "1:"), strict=True):
        assert one == other and (one.get_forces() == other.get_forces()).all() and one.get_potential_energy() == other.get_potential_energy()
    (tmp_path / "bad").write_bytes(pack(b"2\nlattice=4.0\nH 0 0 0\nO 0 0 1\n"))
    assert "bad: frame 0 has 'lattice'" in refusal(tmp_path / "bad")
    whole = (tmp_path / "packed").read_bytes()
    for cut in (whole[:-20], whole[: len(whole) // 2], whole[: len(whole) // 2] + b"\0" * 50, whole[:12]):
        (tmp_path / "cut").write_bytes(cut)
        assert "cut or damaged" in refusal(tmp_path / "cut")


def archive(kind):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=kind) as file:
        file.addfile(tarfile.TarInfo("a.xyz"), io.BytesIO())
    return stream.getvalue()


POSCAR = "Al\n1.0\n 4.05 0.0 0.0\n 0.0 4.05 0.0\n 0.0 0.0 4.05\nAl\n1\nDirect\n0 0 0\n"
DUMP = "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp pp pp\n0 4\n0 4\n0 4\nITEM: ATOMS id type x y z\n1 1 0 0 0\n"
OTHERS = {
    "LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "is a Git LFS pointer, not the file itself; fetch the file with"),
    "html": (b"<!DOCTYPE html>\n<html><body>Not found</body></html>", "is an HTML page, not the file itself"),
    "HTML": (b"\n<HTML lang='en'>", "is an HTML page, not the file itself"),
    "empty": (b"", "is empty"),
    "blank": (b" \n\n \n", "is empty"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(50), "is an HDF5 file"),
    "pickle": (pickle.dumps([1, 2]), "is a Python pickle; reading it runs the code in it"),
    "zip": (b"PK\x03\x04" + bytes(40), "is a zip archive; unpack it first (unzip)"),
    "tar": (archive("w"), "is a tar archive; unpack it first (tar xf)"),
    "tar.gz": (archive("w:gz"), "is a tar archive, packed by gzip; unpack it first (gunzip)"),
    "OUTCAR.gz": (gzip.compress(b" vasp.6.3.0 20Jan22\n"), "is an OUTCAR of VASP, packed by gzip; unpack it first (gunzip)"),
    "xz": (b"\xfd7zXZ\0" + bytes(40), "is packed by xz; unpack it first (unxz)"),
    "utf-16": ("2\nä\n".encode("utf-16"), "is text in UTF-16; save it as UTF-8"),
    "bom": (b"\xef\xbb\xbf2\n", "byte-order mark"),
    "noise": (b"2\n\0\x01\x02", "is a binary file"),
    "POSCAR": (POSCAR.encode(), "is a POSCAR or XDATCAR of VASP; it has no energies or forces"),
    "dump": (DUMP.encode(), "is a dump of LAMMPS, which has no energies"),
    "data": (b"LAMMPS data\n\n 8 atoms\n 1 atom types\n", "is a data file of LAMMPS"),
    "log": (b"LAMMPS (2 Aug 2023)\n", "is a log of LAMMPS"),
    "cif": (b"data_Al\n_cell_length_a 4.05\n", "is a CIF"),
    "pdb": (b"CRYST1   20.000   20.000   20.000  90.00  90.00  90.00 P 1\n", "is a PDB file"),
    "cfg": (b"BEGIN_CFG\n Size\n 2\n", "is a .cfg file of MLIP"),
    "cp2k": (b" DBCSR| CPU Multiplication driver   BLAS\n CP2K| version string: CP2K version 9.1\n", "is an output of CP2K"),
    "xml": (b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><modeling/>", "is an XML file, but no vasprun.xml"),
    "qe": (b"\n     Program PWSCF v.7.0 starts on\n", "QuantumESPRESSO|espresso-out"),
    "aims": (b"Invoking FHI-aims ...\n", "ase convert -i aims-output -n : "),
    "gaussian": (b" Entering Gaussian System, Link 0=g16\n", "ase convert -i gaussian-out -n : "),
    "orca": (b"\n   * O   R   C   A *\n", "ase convert -i orca-output -n : "),
    "castep": (b" |      Welcome to CASTEP      |\n", "is an output of CASTEP; convert it: ase convert -i castep-castep"),
    "gpw": (b"- of UlmGPAW            " + bytes(40), "ase convert -i gpw"),
    "words": (b"some words\nand more\n", "its first line should be the number of atoms, but is 'some words'"),
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHERS)
def test_files_of_other_kinds_are_named(tmp_path, kind):
    content, words = OTHERS[kind]
    (tmp_path / "mine.xyz").write_bytes(content)
    assert re.search("|".join(map(re.escape, words.split("|"))), refusal(tmp_path / "mine.xyz"))


def test_what_libraries_write_is_named(tmp_path):
    np.savez(tmp_path / "a.npz", R=np.zeros((2, 3, 3)))
    np.save(tmp_path / "a.npy", np.zeros(3))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = [1.0]
    for name, words in (("a.npz", "is an .npz file of numpy"), ("a.npy", "is an array of numpy"), ("a.h5", "is an HDF5 file")):
        assert f"{words}; docs/own-data.md, 'Files and formats'" in refusal(tmp_path / name)


def test_a_folder_is_named(tmp_path):
    with pytest.raises(InputError, match=f"'{tmp_path}': is a folder, not a file"):
        read_frames(tmp_path)


@pytest.mark.parametrize("kind", ["db", "json"])
def test_the_command_of_a_refusal_converts_the_file(tmp_path, kind):
    frames = made(2, cell=[5, 6, 7], pbc=True)
    write(tmp_path / f"mine.{kind}", frames, format=kind)
    name = "my frames" + (".db" if kind == "db" else "")
    (tmp_path / f"mine.{kind}").rename(tmp_path / name)
    command = refusal(tmp_path / name).split("convert it: ase ")[1].removesuffix(" (its name must end in .db)")
    done = subprocess.run(f"{sys.executable} -m ase {command}", shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for one, other in zip(read_frames(tmp_path / "frames.xyz"), frames, strict=True):
        np.testing.assert_allclose(one.get_forces(), other.get_forces(), atol=1e-8)


def document_code(words):
    """The block of Python in the document that has these words."""
    return next(block for block in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL) if words in block)


def run_code(code, folder):
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_documents_code_for_md17(tmp_path):
    np.savez(
        tmp_path / "rmd17_ethanol.npz",
        nuclear_charges=[8, 1],
        coords=np.arange(12.0).reshape(2, 2, 3),
        energies=[-1.0, 2.0],
        forces=np.ones((2, 2, 3)),
    )
    run_code(document_code("rmd17"), tmp_path)
    first, second = read_frames(tmp_path / "frames.xyz")
    assert first.get_chemical_symbols() == ["O", "H"] and second.positions[0, 0] == 6
    assert second.get_potential_energy() == pytest.approx(2 * 0.0433641, rel=1e-5)  # eV in kcal/mol
    assert first.get_forces()[1, 2] == pytest.approx(0.0433641, rel=1e-5)


def test_the_documents_code_for_cp2k(tmp_path):
    steps = [(0, -17.5), (1, -17.25)]
    for name, number in (("pos", 0.9), ("frc", 0.01)):
        text = "".join(
            f"       2\n i = {step:8d}, time = {step:12.3f}, E = {energy:20.10f}\n  H 0.0 0.0 {number}\n  O {number} 0.0 0.0\n"
            for step, energy in steps
        )
        (tmp_path / f"run-{name}-1.xyz").write_text(text)
    run_code(document_code("Hartree"), tmp_path)
    _, second = read_frames(tmp_path / "frames.xyz")
    assert second.get_potential_energy() == pytest.approx(-17.25 * 27.211386, rel=1e-6)
    assert second.get_forces()[0, 2] == pytest.approx(0.01 * 51.42207, rel=1e-5)  # eV/Å in hartree/bohr
    assert second.positions[1, 0] == 0.9


def lammps_run(folder):
    """A dump of two steps of three atoms and its log, as LAMMPS writes them with units metal."""
    for step, mode in ((0, "w"), (100, "a")):
        with open(folder / "run.dump", mode) as file:
            file.write(f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n3\nITEM: BOX BOUNDS pp pp pp\n0 8\n0 8\n0 8\n")
            file.write("ITEM: ATOMS id type x y z fx fy fz\n1 1 0 0 0 0.5 0 0\n")
            file.write(f"2 2 1.2 0 {step / 1000} 0 0.25 0\n3 3 0 1.1 0 0 0 -1\n")
    (folder / "log.lammps").write_text(
        "LAMMPS (2 Aug 2023)\n   Step         PotEng    \n         0  -25.5          \n       100  -25.25\nLoop time of 0.1\n"
    )


def test_lammps_through_the_documents_code(tmp_path):
    lammps_run(tmp_path)
    run_code(document_code("specorder"), tmp_path)
    prepared = prepare_files(tmp_path, tmp_path / "frames.xyz")
    first, second = prepared["pool"]
    assert first.get_chemical_symbols() == ["C", "O", "H"] and second.pbc.all() and second.cell.volume == pytest.approx(512)
    assert (first.get_potential_energy(), second.get_potential_energy()) == (-25.5, -25.25)
    np.testing.assert_allclose(second.get_forces(), [[0.5, 0, 0], [0, 0.25, 0], [0, 0, -1]])
    assert second.positions[1, 2] == 0.1


def test_vasp_through_the_data_stage(tmp_path):
    prepared = prepare_files(tmp_path, VASP / "OUTCAR_example_1", VASP / "vasprun_pstress.xml")
    (frame,) = prepared["pool"]
    assert frame.get_potential_energy() == -68.23102426  # energy(sigma->0) in the file
    np.testing.assert_allclose(frame.get_forces()[:2], [[0.030415, -0.114705, -0.460114], [-0.455659, 1.097145, 0.261504]])
    np.testing.assert_allclose(frame.positions[1], [16.82152, 15.71963, 17.66895])
    assert frame.pbc.all() and frame.info["origin"] == "OUTCAR_example_1 frame 0"
    (frame,) = prepared["test"]
    assert frame.info["origin"] == "vasprun_pstress.xml frame 0"
    (frame,) = read_frames(VASP / "OUTCAR_example_1", energy_key="free_energy")
    assert frame.get_potential_energy() == -68.22868532  # TOTEN
    (frame,) = read_frames(VASP / "vasprun_dfpt.xml")
    assert frame.get_potential_energy() == pytest.approx(-6.74587304, abs=1e-8)


def test_an_outcar_takes_nothing_from_the_folder(tmp_path):
    (tmp_path / "OUTCAR").write_bytes((VASP / "OUTCAR_example_1").read_bytes())
    (tmp_path / "CONTCAR").write_text("not a structure")
    assert len(read_frames(tmp_path / "OUTCAR")) == 1


def test_a_trajectory_of_ase_through_the_data_stage(tmp_path):
    frames = made(3, cell=[5, 6, 7], pbc=[True, False, True])
    frames[1].info["note"] = np.arange(3)
    write(tmp_path / "md.xyz", frames, format="traj")
    prepared = prepare_files(tmp_path, tmp_path / "md.xyz")["pool"]
    for one, other in zip(prepared, frames, strict=True):
        assert one.get_potential_energy() == other.get_potential_energy() and (one.pbc == other.pbc).all()
        np.testing.assert_allclose(one.get_forces(), other.get_forces(), atol=1e-8)
        np.testing.assert_allclose(one.positions, other.positions, atol=1e-8)


def test_an_xyz_of_quip_through_the_data_stage(tmp_path):
    text = "".join(
        f'2\ndft_energy={energy} cutoff=-1.0 nneightol=1.2 config_type=bulk virial="1 0 0 0 1 0 0 0 1" pbc="T T T" '
        f'Lattice="4 0 0 0 5 0 0 0 6" Properties=species:S:1:pos:R:3:Z:I:1:map_shift:I:3:n_neighb:I:1:dft_force:R:3\n'
        f"Si   0.0 0.0 0.0   14  0 0 0  4   0.5 0.0 -0.25\nSi   1.5 {shift} 0.0  14  -1 0 0  4  -0.5 0.0 0.25\n"
        for energy, shift in ((-163.25, 1.5), (-163.0, 1.75))
    )
    (tmp_path / "quip.xyz").write_text(text)
    assert "it has dft_energy: set energy_key: dft_energy" in refusal(tmp_path / "quip.xyz")
    first, second = prepare_files(tmp_path, tmp_path / "quip.xyz", energy_key="dft_energy", forces_key="dft_force")["pool"]
    assert (first.get_potential_energy(), second.get_potential_energy()) == (-163.25, -163.0)
    np.testing.assert_allclose(second.get_forces(), [[0.5, 0, -0.25], [-0.5, 0, 0.25]])
    assert second.pbc.all() and second.positions[1, 1] == 1.75 and second.cell.volume == pytest.approx(120)
