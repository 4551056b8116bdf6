"""Whether a measurement evaluates its model by compiled code: only where that repays the compilation.

Compiled code takes 120 s of a CPU core to make (40 s if torch's cache on this machine has it) and is 2.2 to 2.8 times as fast as plain code: measured
with NequIP models of 9,000 weights and frames of 27 atoms on one core. It repays from about 220 s of plain evaluation on; the choice waits for
REPAID_S of the rough estimate, so that it pays where compiling takes twice as long.

On a GPU a plain step takes the time of its launches until its batch fills the GPU (docs/performance.md). Measured with the paper's largest MACE on
an H200: the kernels are slower for few frames, as fast from half of FILLING_S on, twice as fast from FILLING_S on (of a batch, by the rough estimate
of a CPU core), and take 45 s to be ready, half the time of plain code for REPAID_ON_GPU_S.

Of a model trained elsewhere only the weights are known: the root of their number is within a factor of 3 of the rough estimate of NequIP models of
1,400 to 6,600,000 weights.

Compiled results differ from plain ones by rounding (docs/design.md). A job is therefore resumed only in the way it began, which its checkpoints'
identity and its manifest (`evaluation`) tell.
"""

import math
from types import ModuleType
from typing import TYPE_CHECKING

from ase import Atoms

from nnip.data.frames import read_frames
from nnip.jobs.errors import InputError
from nnip.potentials.base import Potential
from nnip.potentials.frameworks import ATOMS, evaluation_s

if TYPE_CHECKING:
    from nnip.measure.base import Job

PLAIN, COMPILED = "plain", "compiled"
REPAID_S = 400
FILLING_S = 80
REPAID_ON_GPU_S = 45_000
TIMED_AT_ONCE = 32
S_OF_10000_WEIGHTS = 0.0016  # energies and forces of ATOMS atoms


def possible_evaluations(potential: Potential | None, module: ModuleType, compile: str) -> list[str]:
    """PLAIN, COMPILED or both, of a measurement's module, by the key `compile` of the config; a line of output if `always` is not possible."""
    if potential is None or compile == "never" or not module.MEASUREMENT.compiles:
        return [PLAIN]
    if potential.not_compiled:
        print(f"evaluated by plain code: {potential.not_compiled}", flush=True)
        return [PLAIN]
    if compile == "always":
        return [COMPILED]
    return [PLAIN, COMPILED]


def choose_evaluation(job: "Job", module: ModuleType, possible: list[str]) -> str:
    """The way the job began, if it resumes; else the only possible one, or COMPILED where it pays.

    The potential is then compiled; if that fails, the job is evaluated by plain code, with a line of output. InputError if a resumed job cannot be
    compiled.
    """
    checkpoints = job.progress.checkpoints
    of_job, _, chosen = checkpoints.identity.rpartition(".")
    if not job.progress.resumed_from and len(possible) > 1:
        chosen = COMPILED if pays(job, module) else PLAIN
    if chosen == COMPILED:
        try:
            job.potential.compile(job.potential.graph(sample(job, module)))
        except Exception as error:  # of any kind: of tracing, of the compiler, of what it made
            why = f"{type(error).__name__}: {str(error).strip()[:200]}"
            if job.progress.resumed_from:
                raise InputError(f"this job began with compiled code, which now fails ({why}); remove {checkpoints.folder}") from error
            print(f"evaluated by plain code, since compiling failed: {why}", flush=True)
            chosen = PLAIN
    checkpoints.identity = f"{of_job}.{chosen}"
    return chosen


def pays(job: "Job", module: ModuleType) -> bool:
    """Whether compiled code repays its making: of the job's settings and frames alone, so that the same config is evaluated in the same way whatever
    else the machine does.
    """
    n_frames, of_frame_s = sum(len(read_frames(file)) for file in job.files.values()), frame_s(job, module)
    all_s = module.cost(job.options, n_frames) * of_frame_s
    if job.potential.device.type == "cpu":
        return all_s > REPAID_S
    at_once = max(module.frames_at_once(job.options), min(job.options.get("n_frames", 0), n_frames))  # nnip.potentials.evaluation.Batches
    return at_once * of_frame_s > FILLING_S and all_s > REPAID_ON_GPU_S


def frame_s(job: "Job", module: ModuleType) -> float:
    """Rough seconds of a CPU core that the plain evaluation of a frame takes."""
    n_atoms, known = len(sample(job, module)[0]), job.settings["hyperparameters"]
    if known.get("trained"):
        n_weights = sum(weights.numel() for weights in job.potential.module.parameters())
        return S_OF_10000_WEIGHTS * math.sqrt(n_weights / 10_000) * n_atoms / ATOMS
    return evaluation_s(job.settings["framework"], known, n_atoms)


def sample(job: "Job", module: ModuleType) -> list[Atoms]:
    """A batch as the job will evaluate it, of at most TIMED_AT_ONCE frames and at least two."""
    frames = read_frames(next(iter(job.files.values())))
    n = min(max(module.frames_at_once(job.options), 2), TIMED_AT_ONCE)
    return [frames[index % len(frames)] for index in range(n)]
