"""An environment is named by its lock list, so a changed list is another environment, and the other framework keeps its own."""

import os

from nnip.jobs import environments


def test_a_changed_lock_list_is_another_environment_of_that_framework_alone(tmp_path, monkeypatch):
    (tmp_path / "envs").mkdir()
    for framework in ("nequip", "mace"):
        (tmp_path / f"envs/{framework}.lock.txt").write_text(f"{framework}==1\n")
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    before = {framework: environments.interpreter(framework) for framework in ("nequip", "mace")}
    (tmp_path / "envs/mace.lock.txt").write_text("mace==2\n")
    environments._sha256.cache_clear()
    after = {framework: environments.interpreter(framework) for framework in ("nequip", "mace")}
    assert after["nequip"] == before["nequip"]
    assert after["mace"] != before["mace"]
    assert after["mace"].startswith(".venvs/mace-")


def test_a_run_keeps_freed_memory_unless_its_user_says_otherwise(monkeypatch):
    for name in ("NNIP_MIRROR", "PYTHONPATH", "PATH", "MPLBACKEND", "MALLOC_MMAP_THRESHOLD_"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    monkeypatch.delenv("MALLOC_MMAP_THRESHOLD_")
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1000")
    environments.enter("mirror")
    assert (os.environ["MALLOC_TRIM_THRESHOLD_"], os.environ["MALLOC_MMAP_THRESHOLD_"]) == ("1000", "33554432")
