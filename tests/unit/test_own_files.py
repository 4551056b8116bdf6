"""The content of a user's file decides; planning reads it only if its stamp is not the one on record."""

import os

import pytest

from nnip.data import own_files
from nnip.jobs.errors import InputError
from nnip.jobs.files import sha256, write_json
from nnip.study.config import blame_command_line

EVERY = {"stage": "data", "settings": {}, "settings_sha256": "", "seeds": {}, "device": "cpu", "wall_s": 1.0, "packages": {}}


@pytest.fixture
def recorded(tmp_path):
    """A file and a manifest with its checksum and stamp."""
    file, manifest = tmp_path / "a.xyz", tmp_path / "manifest.json"
    file.write_text("one")
    write_json(manifest, EVERY | {"input_sha256": {str(file): sha256(file)}, "input_stamps": {str(file): own_files.stamp(file)}})
    return file, manifest


def test_a_file_with_the_stamp_on_record_is_not_read(recorded, monkeypatch):
    file, manifest = recorded
    monkeypatch.setattr(own_files, "sha256", lambda path: pytest.fail("was read"))
    assert own_files.checksum(file, manifest) == "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"  # of "one"
    assert own_files.is_recorded(file, manifest)


def test_another_content_of_equal_size_and_time_is_noticed(recorded):
    file, manifest = recorded
    before = file.stat()
    file.write_text("two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert own_files.checksum(file, manifest) == sha256(file)
    assert not own_files.is_recorded(file, manifest)


def test_a_new_time_alone_changes_nothing(recorded):
    file, manifest = recorded
    os.utime(file, (1e9, 1e9))
    assert own_files.is_recorded(file, manifest)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_without_a_whole_manifest_the_file_is_read(recorded, text):
    file, manifest = recorded
    manifest.write_text(text)
    assert own_files.checksum(file, manifest) == sha256(file)
    assert not own_files.is_recorded(file, manifest)
    file.unlink()
    assert not own_files.is_recorded(file, manifest)


def check(config, source):
    for key, value in config.items():
        if value != "right":
            raise InputError(f"{source}: '{key}' is {value}")
    return config


@pytest.mark.parametrize(
    ("files", "merged", "message"),
    [
        ({"a": "right"}, {"a": "wrong"}, "--config: 'a' is wrong"),
        ({"a": "wrong"}, {"a": "wrong", "b": "right"}, "s.yaml: 'a' is wrong"),
        ({"a": "wrong"}, {"a": "bad"}, "--config: 'a' is bad"),
        ({"a": "wrong"}, {"a": "wrong"}, "s.yaml: 'a' is wrong"),
    ],
)
def test_who_gave_the_wrong_value(files, merged, message):
    with pytest.raises(InputError) as error:
        blame_command_line(check, merged, files, "s.yaml")
    assert str(error.value) == message


def test_a_value_of_the_command_line_can_right_the_file():
    assert blame_command_line(check, {"a": "right"}, {"a": "wrong"}, "s.yaml") == {"a": "right"}
