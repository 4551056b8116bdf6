"""Jobs in forks of a warm process behave as processes of their own: arguments, environment, files, endings, signals."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nnip.jobs import warm

WORKFLOW = Path(__file__).parents[2] / "workflow"
SCRIPT = """
from nnip.jobs.warm import hand_over

hand_over()
import json, os, sys, time
import nnip.jobs.warm
started = {"fork": nnip.jobs.warm.is_fork, "process": os.getpid(), "arguments": sys.argv[1:], "folder": os.getcwd(), "given": os.environ.get("GIVEN"),
           "pandas": "pandas" in sys.modules, "own": sorted(name for name in sys.modules if name.startswith("nnip."))}
print(json.dumps(started), flush=True)
exec(sys.argv[1])
"""


@pytest.fixture(scope="module")
def run_of_jobs(tmp_path_factory):
    """The environment of a run's jobs; the run is this process."""
    folder = tmp_path_factory.mktemp("warm")
    (folder / "job.py").write_text(SCRIPT)
    before = dict(os.environ)
    warm.begin()
    environment = dict(os.environ) | {"PYTHONPATH": str(WORKFLOW), "OMP_NUM_THREADS": "1"}
    os.environ.clear()
    os.environ.update(before)
    yield folder, environment
    for lock in Path(environment[warm.FOLDER]).glob("*"):
        lock.unlink()


def job(run_of_jobs, code, **more):
    folder, environment = run_of_jobs
    given = {"cwd": folder, "env": environment, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | more
    return subprocess.Popen([sys.executable, folder / "job.py", code], **given)


def started(process):
    return json.loads(process.stdout.readline())


def is_alive(number):
    try:
        return Path(f"/proc/{number}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def waited_for(condition, seconds=20):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    return condition()


def test_a_job_has_its_own_arguments_environment_folder_and_files(run_of_jobs, tmp_path):
    environment = run_of_jobs[1] | {"GIVEN": "é"}
    process = job(run_of_jobs, "print('word', sys.stdin.read(), file=sys.stderr)", env=environment, cwd=tmp_path, stdin=subprocess.PIPE)
    out, err = process.communicate("said")
    seen = json.loads(out)
    assert seen["fork"] and seen["pandas"]
    assert seen["arguments"] == ["print('word', sys.stdin.read(), file=sys.stderr)"]
    assert (seen["folder"], seen["given"], err) == (str(tmp_path), "é", "word said\n")
    assert process.returncode == 0


def test_a_job_reads_this_projects_modules_anew(run_of_jobs):
    process = job(run_of_jobs, "")
    assert started(process)["own"] == ["nnip.jobs", "nnip.jobs.warm"]
    process.wait()


@pytest.mark.parametrize(
    ("code", "status", "says"),
    [
        ("sys.exit(3)", 3, ""),
        ("sys.exit('error: a word')", 1, "error: a word\n"),
        ("raise ValueError('seen')", 1, "ValueError: seen\n"),
        ("os.kill(os.getpid(), 9)", -9, ""),
        ("import threading; threading.Timer(0.3, print, ['late'], {'file': sys.stderr}).start()", 0, "late\n"),
        ("print('a' * 100_000, end='', file=sys.stderr); sys.exit(300)", 44, "aaa"),
        ("import atexit; atexit.register(print, 'at the end', file=sys.stderr)", 0, "at the end\n"),
    ],
)
def test_a_job_ends_as_its_fork_does(run_of_jobs, code, status, says):
    process = job(run_of_jobs, code)
    _, err = process.communicate()
    assert process.returncode == status
    assert err.endswith(says)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_signals_reach_the_fork(run_of_jobs, number):
    code = f"import signal; signal.signal({int(number)}, lambda *_: sys.exit(40)); print('ready', flush=True); time.sleep(60)"
    process = job(run_of_jobs, code)
    started(process), process.stdout.readline()
    process.send_signal(number)
    assert process.wait(20) == 40


def test_a_fork_ends_with_the_process_that_asked_for_it(run_of_jobs):
    process = job(run_of_jobs, "time.sleep(60)")
    fork = started(process)["process"]
    assert is_alive(fork)
    process.kill()
    assert waited_for(lambda: not is_alive(fork))


def test_forks_end_with_their_warm_process_and_jobs_say_so(run_of_jobs):
    process = job(run_of_jobs, "time.sleep(60)")
    fork = started(process)["process"]
    os.kill(int(Path(f"/proc/{fork}/stat").read_text().split()[3]), signal.SIGKILL)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (1, "error: the process that this job was forked from has ended; run the same command again\n")
    assert waited_for(lambda: not is_alive(fork))
    again = job(run_of_jobs, "")  # the next job starts another
    assert started(again)["fork"]
    assert again.wait() == 0


def test_another_number_of_threads_is_another_process(run_of_jobs):
    parents = set()
    for threads in ("1", "1", "2"):
        process = job(run_of_jobs, "print(os.getppid())", env=run_of_jobs[1] | {"OMP_NUM_THREADS": threads})
        started(process)
        parents.add(process.stdout.readline())
        process.wait()
    assert len(parents) == 2


def test_without_a_run_or_where_a_socket_is_impossible_a_script_goes_on_by_itself(run_of_jobs, tmp_path):
    folder = tmp_path / ("x" * 120)  # a socket's path has 108 bytes at most
    folder.mkdir()
    for changed in ({warm.FOLDER: str(folder)}, {warm.FOLDER: str(tmp_path / "none")}, {}):
        environment = {name: value for name, value in run_of_jobs[1].items() if name != warm.FOLDER} | changed
        process = job(run_of_jobs, "sys.exit(5)", env=environment)
        assert not started(process)["fork"]
        assert process.wait() == 5


def test_it_ends_with_its_run(tmp_path):
    (tmp_path / "job.py").write_text(SCRIPT)
    run = (
        "import os, subprocess, sys; from nnip.jobs import warm; warm.begin(); print(os.environ[warm.FOLDER], flush=True);"
        "print(subprocess.run([sys.executable, 'job.py', 'print(os.getppid())'], stdout=-1, text=True).stdout.splitlines()[1])"
    )
    environment = dict(os.environ) | {"PYTHONPATH": str(WORKFLOW)}
    done = subprocess.run([sys.executable, "-c", run], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    folder, process = done.stdout.split()
    assert waited_for(lambda: not is_alive(int(process)))
    assert not Path(folder).exists()


def test_a_frameworks_command_is_a_script_or_a_module(run_of_jobs):
    folder, environment = run_of_jobs
    command = [sys.executable, "-P", "-m", "nnip.jobs.warm"]
    for warm_or_not in (environment, {name: value for name, value in environment.items() if name != warm.FOLDER}):
        script = subprocess.run([*command, "job.py", "sys.exit(6)"], cwd=folder, env=warm_or_not, capture_output=True, check=False)
        module = subprocess.run([*command, "-m", "json.tool", "--help"], cwd=folder, env=warm_or_not, capture_output=True, text=True, check=False)
        assert script.returncode == 6
        assert module.returncode == 0
        assert "json.tool" in module.stdout


NESTED = """
import subprocess, sys
command = [sys.executable, "-P", "-m", "nnip.jobs.warm", "job.py", "print(os.getppid())"]
print(subprocess.run(command, stdout=-1, text=True).stdout.splitlines()[1], os.getppid(), os.environ["NNIP_WARM"], flush=True)
"""


def parted(run_of_jobs, code):
    """A job on its own, that starts a warm process for itself."""
    folder, environment = run_of_jobs
    (folder / "alone.py").write_text(SCRIPT.replace("hand_over()", "hand_over(alone=True)"))
    own = {name: value for name, value in environment.items() if name not in (warm.FOLDER, warm.OWNER)}
    return subprocess.Popen([sys.executable, "alone.py", code], cwd=folder, env=own, stdout=-1, stderr=-1, text=True)


def test_a_job_alone_and_its_command_are_forks_of_one_process_that_ends_with_it(run_of_jobs):
    process = parted(run_of_jobs, NESTED)
    assert started(process)["fork"]
    of_command, of_job, folder = process.stdout.readline().split()
    assert process.wait(20) == 0 and of_command == of_job
    assert waited_for(lambda: not is_alive(int(of_job))) and not Path(folder).exists()


def test_a_job_alone_leaves_no_folder_when_a_signal_ends_it(run_of_jobs):
    process = parted(run_of_jobs, "print(os.environ['NNIP_WARM'], flush=True); os.kill(os.getpid(), 15); time.sleep(60)")
    started(process)
    folder = process.stdout.readline().strip()
    assert process.wait(20) == -15 and not Path(folder).exists()


def test_a_signal_to_all_processes_of_a_job_leaves_its_ending_to_the_fork(run_of_jobs):
    code = "import signal; signal.signal(15, lambda *_: (signal.signal(15, signal.SIG_IGN), sys.exit(40)))"
    code += "; print(os.getppid(), flush=True); time.sleep(60)"
    process = parted(run_of_jobs, code)
    fork = started(process)["process"]
    for number in (int(process.stdout.readline()), fork, process.pid):
        os.kill(number, signal.SIGTERM)
    assert process.wait(20) == 40
