"""The process that a run's jobs are forked from (nnip.jobs.warm): `python -m nnip.jobs.warm_process SOCKET`.

Each request on the socket becomes a fork with the files, environment and directory of the process that asked. The fork ends if that process does,
and gets the signals that it passes on. The warm process ends when its run has ended; a signal to end that a scheduler sends to all processes of a job
is for the others.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from nnip.jobs import warm
from nnip.jobs.parents import end_with
from nnip.potentials.frameworks import choices, frameworks

# packages that jobs import, beside the frameworks' own
IMPORTS = ("torch", "ase.io", "pandas", "scipy.stats", "lifelines", "matplotlib.pyplot", "seaborn", "snakemake.iocontainers", "snakemake.logging")
OWN = ("nnip", "nnip.jobs", "nnip.jobs.warm")  # modules of this project that a fork has from the start


def main() -> None:
    path, owner = sys.argv[1], int(os.environ[warm.OWNER])
    server = Server(path)
    while server.forks or _is_alive(owner):
        if request := server.serve():
            break
    else:
        server.close()
        return
    if request["own"]:
        run_and_leave(request["arguments"])
    go_on(request["arguments"])


def import_packages() -> None:
    """Import what the jobs of this interpreter need; a package that is missing or broken is left to the job, which says so."""
    for name in (*(name for framework in frameworks() for name in getattr(choices(framework), "IMPORTS", ())), *IMPORTS):
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    for name in [name for name in sys.modules if name.partition(".")[0] == "nnip" and name not in OWN]:
        del sys.modules[name]
    gc.collect()
    gc.freeze()  # the pages of these objects stay shared


def go_on(arguments: list[str]) -> None:
    """Run a script, or a module after '-m', as `python -P` does."""
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(sys.argv[0], run_name="__main__")


def run_and_leave(arguments: list[str]) -> None:
    """Run a script of this project and end the process at once, after threads and what is registered to be done at the end.

    Taking an interpreter apart that has many packages costs 0.1 s (pandas) to 0.3 s (torch and a framework) of CPU. An exception ends as ever. A
    framework's command does too: it may leave files for the interpreter to close.
    """
    code: Any = None
    try:
        go_on(arguments)
    except SystemExit as ending:
        code = ending.code
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit((code or 0) & 255)


class Server:
    """The socket, and the forks by the connections that asked for them."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.path.unlink(missing_ok=True)  # of a process that was killed; who starts this one holds a lock
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1000)
        self.forks: dict[socket.socket, int] = {}
        self.imported: dict[str, str] | None = None  # what the imports have set in the environment
        self.ended, self.wake = os.pipe()
        for end in (self.ended, self.wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.wake)
        self.handlers = {number: signal.signal(number, signal.SIG_IGN) for number in warm.PASSED_ON}

    def serve(self) -> dict[str, Any] | None:
        """Wait a second at most for one thing to do, and do it; the request, in the fork that it asked for."""
        waited_for: list[Any] = [self.listener, self.ended, *self.forks]
        ready, _, _ = select.select(waited_for, [], [], 1.0)
        if self.ended in ready:
            os.read(self.ended, 4096)
            self._report()
        for connection in [each for each in self.forks if each in ready]:
            self._pass_on(connection)
        return self._fork() if self.listener in ready else None

    def _fork(self) -> dict[str, Any] | None:
        connection, _ = self.listener.accept()
        if self.imported is None:
            before = dict(os.environ)
            import_packages()
            self.imported = {name: value for name, value in os.environ.items() if before.get(name) != value}
        with contextlib.suppress(OSError, ValueError):  # who asked has ended, or there is no room for a fork
            _, files, _, _ = socket.recv_fds(connection, 1, 3)
            request = json.loads(connection.makefile().readline())
            parent, pid = os.getpid(), os.fork()
            if pid == 0:
                end_with(parent)
                self._become(request, files, connection)
                return request
            for file in files:
                os.close(file)
            self.forks[connection] = pid
            connection.sendall(b"forked\n")
            return None
        connection.close()
        return None

    def _become(self, request: dict[str, Any], files: list[int], connection: socket.socket) -> None:
        """Turn this fork into the process that asked for it."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for passed_on, handler in self.handlers.items():
            signal.signal(passed_on, handler)
        for other in (self.listener, connection, *self.forks):
            other.close()
        for number, file in enumerate(files):
            os.dup2(file, number)
        for file in (*files, self.ended, self.wake):
            os.close(file)
        assert self.imported is not None
        os.environ.clear()
        os.environ |= self.imported | request["environment"]
        os.chdir(request["directory"])
        os.umask(request["mask"])
        warm.is_fork = True

    def _report(self) -> None:
        """Tell the connections of ended forks how these ended."""
        for connection, pid in list(self.forks.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                with contextlib.suppress(OSError):
                    connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
                connection.close()
                del self.forks[connection]

    def _pass_on(self, connection: socket.socket) -> None:
        """Send a fork the signals that have come for it, or SIGKILL if who asked for it has ended."""
        with contextlib.suppress(OSError):
            for number in connection.recv(64) or [signal.SIGKILL]:
                os.kill(self.forks[connection], number)
            return
        os.kill(self.forks[connection], signal.SIGKILL)

    def close(self) -> None:
        """Remove the socket, and its folder if it was the last."""
        self.listener.close()
        self.path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.path.parent.rmdir()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    main()
