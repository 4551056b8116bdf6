"""The choice of a GPU on a machine with several, if no scheduler has chosen one."""

import fcntl
import itertools
import os
import tempfile
from pathlib import Path
from typing import IO

_held: list[IO[str]] = []  # the locks last until the process ends, however it ends


def visible_gpus() -> list[str]:
    """The GPUs this process may use, by CUDA's numbers or names: CUDA_VISIBLE_DEVICES if set, else all NVIDIA devices of the machine."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name.strip() for name in named.split(",") if name.strip()]
    return [str(index) for index in range(len(list(Path("/dev").glob("nvidia[0-9]*"))))]


def take_gpu() -> str | None:
    """Restrict this process to the GPU that the fewest other jobs hold; with fewer than two GPUs nothing is done, and the result is None.

    Call this before CUDA is first used. A job holds a GPU by a locked file in the temporary directory; the lock ends with the job, even if killed.
    """
    gpus = visible_gpus()
    if len(gpus) < 2 or _held:
        return None
    folder = Path(tempfile.gettempdir()) / f"nnip-gpus-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    for place in itertools.count():
        for gpu in gpus:
            file = open(folder / f"{gpu}.{place}", "w")  # noqa: SIM115  (open for the rest of the process)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                continue
            _held.append(file)
            os.environ["CUDA_VISIBLE_DEVICES"] = gpu
            return gpu
    return None
