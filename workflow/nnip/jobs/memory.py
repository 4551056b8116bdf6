"""What to do where memory runs out: half as much at once, and again."""

import gc
from collections.abc import Callable
from typing import TypeVar

import torch

from nnip.jobs.errors import InputError

T = TypeVar("T")
# the CPU's allocator of torch (inside TorchScript too, whose errors are RuntimeErrors), a GPU's, and the libraries that use a GPU
WORDS = ("can't allocate memory", "Cannot allocate memory", "out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "bad_alloc", "MemoryError")


def tells_of_memory(text: str) -> bool:
    """Whether an error's words say that memory ran out."""
    return any(words in text for words in WORDS)


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that memory ran out, of the CPU or a GPU."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (isinstance(error, RuntimeError) and tells_of_memory(str(error)))


class AtOnce:
    """How many things are done at once: at most n, until memory runs out; then half as many, down to one. It never grows again."""

    def __init__(self, n: int, things: str) -> None:
        self.n = n
        self.things = things

    def run(self, work: Callable[[int], T], there_are: int) -> T:
        """work(how many at once), called anew with half of it where memory ran out; InputError where it runs out with one."""
        while True:
            n = max(min(self.n, there_are), 1)
            try:
                return work(n)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                why = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            if n == 1:
                raise InputError(
                    f"out of memory with one of {self.things} at a time ({why}): give the job more memory, a larger GPU or a machine of its own, "
                    "or make the model smaller"
                )
            self.n = (n + 1) // 2
            print(f"out of memory with {n} of {self.things} at a time ({why}); trying {self.n}", flush=True)
            # only here, after the except block, is free what the error's frames held
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
