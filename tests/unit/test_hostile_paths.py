"""What is no file is refused by every reader with one line that names it."""

import os

import pytest
from hostile import no_hang, refused

from nnip.data import extxyz, frames
from nnip.study import tables
from nnip.study.manifest import read_manifest
from nnip.study.schema import read_yaml


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
    (tmp_path / "locked").write_text("x")
    (tmp_path / "locked").chmod(0)
    for name in ("folder", "loop", "dangling", "nothing", "file/inside", "pipe", "a" * 300, "a\0b", *([] if os.geteuid() == 0 else ["locked"])):
        with refused("no file", name.split("\0")[0]):
            read(tmp_path / name)
    for device in ("/dev/null", "/dev/zero"):
        with refused("no file", device):
            read(device)
