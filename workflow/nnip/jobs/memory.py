"""If memory runs out: try again with half as much at once."""

import gc
from collections.abc import Callable
from typing import TypeVar

import torch

from nnip.jobs.errors import InputError

T = TypeVar("T")
# messages of torch's CPU allocator (in TorchScript, too, as RuntimeErrors), of the GPU's, and of GPU libraries
WORDS = ("can't allocate memory", "Cannot allocate memory", "out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "bad_alloc", "MemoryError")


def tells_of_memory(text: str) -> bool:
    """Whether an error message says that memory ran out."""
    return any(words in text for words in WORDS)


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error means that memory of the CPU or a GPU ran out."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (isinstance(error, RuntimeError) and tells_of_memory(str(error)))


class AtOnce:
    """The number of things done at once: at most n; halved each time memory runs out, down to one; it never grows again."""

    def __init__(self, n: int, things: str) -> None:
        self.n = n
        self.things = things

    def run(self, work: Callable[[int], T], there_are: int) -> T:
        """Call work(number at once), and again with half the number if memory runs out; InputError if it runs out with one."""
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
                    f"out of memory with one of {self.things} at a time ({why}): give the job more memory, a larger GPU or its own machine, "
                    "or make the model smaller"
                )
            self.n = (n + 1) // 2
            print(f"out of memory with {n} of {self.things} at a time ({why}); trying {self.n}", flush=True)
            # after the except block: the memory held by the error's frames is free only now
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
