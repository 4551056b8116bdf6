"""Warm starts: the jobs of one run on one machine are forked from a process that has imported torch, the framework or pandas once.

Importing takes longer than many jobs. A job's script calls hand_over() before its own imports: it sends its arguments, environment and open files to
the run's warm process of the same interpreter (nnip.jobs.warm_process), waits, and ends as the fork does. Without a warm process, as in a cluster's
jobs, the script goes on by itself; a training, whose command is a second process, starts one for the two. A warm process imports packages of others
only, so a job reads this project's modules as they are.
"""

import atexit
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FOLDER, OWNER = "NNIP_WARM", "NNIP_WARM_OWNER"  # variables in the environment of a run's jobs: folder of sockets, process number of the run
KIND = ("OMP_NUM_THREADS", "PYTHONPATH")  # variables that are read when Python or torch starts
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU)
STARTING_S = 20
is_fork = False  # set in the forks of a warm process


def begin() -> None:
    """Let the jobs that this process starts use warm processes; these end when it has ended."""
    os.environ |= {FOLDER: tempfile.mkdtemp(prefix="nnip-"), OWNER: str(os.getpid())}
    atexit.register(shutil.rmtree, os.environ[FOLDER], ignore_errors=True)


def refuse() -> None:
    """Let the jobs that this process starts do without: its variables may come from a run on another machine."""
    os.environ.pop(FOLDER, None)


def hand_over(arguments: list[str] | None = None, alone: bool = False) -> None:
    """Run this script in a fork of a warm process and end as it does; return at once in such a fork, or if there is no warm process.

    arguments: those of another script, or of a module after "-m", in place of this script's.
    alone: start a warm process for this job and the commands that it runs, if its run has none.
    """
    if is_fork or not (alone or FOLDER in os.environ):
        return
    with contextlib.suppress(OSError):
        if FOLDER not in os.environ:
            begin()
        connection = _connect(Path(os.environ[FOLDER]))
        request = {
            "arguments": arguments or sys.argv,
            "own": arguments is None,
            "environment": dict(os.environ),
            "directory": str(Path.cwd()),
            "mask": _mask(),
        }
        socket.send_fds(connection, [b"\n"], [0, 1, 2])
        connection.sendall(json.dumps(request).encode() + b"\n")
        answers = connection.makefile()
        if answers.readline():
            for number in PASSED_ON:
                signal.signal(number, lambda number, frame: connection.send(bytes([number])))  # noqa: ARG005
            _end_as(answers.readline())
    if os.environ.get(OWNER) == str(os.getpid()):
        refuse()


def _connect(folder: Path) -> socket.socket:
    """A connection to the warm process of this interpreter and KIND of environment, which is started if there is none; OSError if that fails."""
    name = hashlib.sha256(repr([sys.executable, *map(os.environ.get, KIND)]).encode()).hexdigest()[:12]
    connection = socket.socket(socket.AF_UNIX)
    with open(folder / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process, waited = None, time.monotonic() + STARTING_S
        while True:
            try:
                connection.connect(str(folder / name))
                return connection
            except (FileNotFoundError, ConnectionRefusedError):
                if process and (process.poll() is not None or time.monotonic() > waited):
                    raise
            if process is None:
                command = [sys.executable, "-P", "-m", "nnip.jobs.warm_process", str(folder / name)]
                none = subprocess.DEVNULL
                # in a session of its own: signals to a group of processes reach forks through the jobs that wait for them. In the root folder: a
                # package that takes the working directory when it is imported then finds nothing, where it could find another job's files
                process = subprocess.Popen(command, stdin=none, stdout=none, stderr=none, start_new_session=True, cwd="/")
            time.sleep(0.01)


def _end_as(ending: str) -> None:
    """End as a fork has ended, by its exit code or its signal."""
    if not ending:
        sys.exit("error: the process that this job was forked from has ended; run the same command again")
    code = int(ending)
    if code < 0:
        if os.environ.get(OWNER) == str(os.getpid()):
            shutil.rmtree(os.environ[FOLDER], ignore_errors=True)
        with contextlib.suppress(OSError, ValueError):  # SIGKILL has no handler
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


if __name__ == "__main__":
    # python -m nnip.jobs.warm SCRIPT or -m MODULE: a framework's command, warm if there is a warm process
    from nnip.jobs.warm_process import go_on

    hand_over(sys.argv[1:])
    go_on(sys.argv[1:])
