"""Locks of killed runs are released, and no others."""

import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest

WORKFLOW = Path(__file__).resolve().parents[2] / "workflow"
RUN = """
import sys, time
from pathlib import Path
from nnip.jobs.killed_runs import release_locks_of_killed_runs
folder = Path(sys.argv[1])
released = release_locks_of_killed_runs(folder)
(folder / "locks").mkdir(exist_ok=True)
(folder / "locks" / "0.output.lock").write_text("table.csv")
print(released, flush=True)
time.sleep(60)
"""


@pytest.fixture
def run(tmp_path):
    """Starts a stand-in for a run: gives its process and whether it released locks."""
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(WORKFLOW)}
        )
        started.append(process)
        return process, process.stdout.readline().strip() == "True"

    yield start
    for process in started:
        process.kill()
        process.wait()


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_killed_runs_lock_is_released_and_a_living_ones_is_not(run, tmp_path):
    first, released = run()
    assert not released
    second, released = run()
    assert not released and list((tmp_path / "locks").iterdir())
    kill(first)
    third, released = run()
    assert not released, "the second still runs"
    kill(second)
    kill(third)
    assert run()[1]


@pytest.mark.parametrize("case", ["another machine", "older code", "a cluster's job"])
def test_what_may_still_run_elsewhere_keeps_its_lock(run, tmp_path, case):
    kill(run()[0])
    if case == "another machine":
        (tmp_path / "runs").write_text(f"{platform.node()}\nlogin2\n")
    elif case == "older code":
        (tmp_path / "runs").write_text("")
    else:
        (tmp_path / "incomplete").mkdir()
        (tmp_path / "incomplete" / "x").write_text('{"external_jobid": "42"}')
    process, released = run()
    assert not released and list((tmp_path / "locks").iterdir())
    kill(process)
    assert not run()[1], "nothing has changed"


def test_after_an_unlock_by_hand_all_is_as_at_first(run, tmp_path):
    kill(run()[0])
    (tmp_path / "runs").write_text(f"{platform.node()}\nlogin2\n")
    (tmp_path / "locks" / "0.output.lock").unlink()
    process, released = run()
    assert not released
    kill(process)
    assert run()[1]
