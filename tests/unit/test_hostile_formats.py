"""Packed files and files of other programs that are spoilt, or made to exhaust memory or time, end soon in one line."""

import bz2
import gzip
import json
import re
import time
from pathlib import Path

import ase
import pytest
from ase.io import write
from hostile import LONGEST_S, campaign, folder, no_hang
from hypothesis import given, settings
from hypothesis import strategies as st
from own_files import ATOMS, COLUMNS, made, refusal

from nnip.data.extxyz import read_frames
from nnip.jobs.errors import InputError

VASP = Path(ase.__file__).parent / "test/testdata/vasp"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_small_file_that_unpacks_to_much(tmp_path, pack):
    frame = f'2\n{COLUMNS} energy=-1 pbc="F F F"\n{ATOMS}'.encode()
    for name, content in (("line", b"2\n" + b" " * 12_000_000), ("frames", frame * 130_000)):
        (tmp_path / name).write_bytes(pack(content))
        started = time.process_time()
        assert "unpacks to more than 10 MB, 100 times its size" in refusal(tmp_path / name)
        assert time.process_time() - started < LONGEST_S


def spoilt(content, draw):
    """A file's content cut, with bytes replaced, or with a number made huge."""
    place = draw(st.integers(0, len(content) - 1))
    return draw(
        st.sampled_from(
            [
                content[:place],
                content[:place] + b"\xff\x00\x7f\x10" + content[place + 4 :],
                re.sub(rb"\b3\b", b"999999999999", content, count=place % 7),
            ]
        )
    )


@settings(campaign, max_examples=120)
@given(data=st.data(), kind=st.sampled_from(["traj", "outcar", "vasprun"]))
def test_spoilt_files_of_other_programs_end_in_one_line(folder, data, kind):
    if kind == "traj":
        write(folder / "a.traj", made(3, cell=[5, 6, 7], pbc=True), format="traj")
        content = (folder / "a.traj").read_bytes()
    else:
        content = (VASP / {"outcar": "OUTCAR_example_1", "vasprun": "vasprun_dfpt.xml"}[kind]).read_bytes()
    (folder / "spoilt").write_bytes(spoilt(content, data.draw))
    try:
        read_frames(folder / "spoilt")
    except InputError as error:
        assert "\n" not in str(error) and str(error).startswith(f"{folder}/spoilt: ") and len(str(error)) < 1000


def test_sizes_that_a_file_states_are_checked_before_they_are_believed(tmp_path):
    write(tmp_path / "a.traj", made(2), format="traj")
    content = (tmp_path / "a.traj").read_bytes()
    huge = json.dumps({"version": 1, "ase_version": "3", "pbc": [False] * 3, "numbers.": {"ndarray": [[2**40], "int64", 0]}}).encode()
    bomb = json.dumps({"info": {"a": {"__ndarray__": [[2**40], "float64", 0]}}}).encode()
    for block in (huge, bomb):
        start = len(content) + 8
        header = content[:32] + (1).to_bytes(8, "little") + len(content).to_bytes(8, "little") + content[48:]
        (tmp_path / "bomb").write_bytes(header + start.to_bytes(8, "little") + len(block).to_bytes(8, "little") + block)
        assert "an array is larger than the file" in refusal(tmp_path / "bomb")
    outcar = (VASP / "OUTCAR_example_1").read_text()
    (tmp_path / "OUTCAR").write_text(re.sub(r"ions per type = .*", "ions per type = 99999999999", outcar))
    assert "has more than 1000000 atoms" in refusal(tmp_path / "OUTCAR")


@pytest.mark.parametrize(
    "text", ["\n" * 65000, "1 " * 32000, " \t" * 32000 + "x", "# \n" * 20000, "begin\n" * 11000, "a\n1\n" + "1.0 " * 16000, "<?xml " * 9000]
)
def test_no_beginning_of_a_file_keeps_the_reader_busy(tmp_path, text):
    (tmp_path / "a.xyz").write_text(text)
    started = time.process_time()
    refusal(tmp_path / "a.xyz")
    assert time.process_time() - started < LONGEST_S
