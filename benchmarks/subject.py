"""What is timed: a trained model of the bench's study, its frames, and the ways in which the network can be evaluated."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from ase import Atoms
from rounds import seconds_of

from nnip.data.frames import read_frames, read_labelled
from nnip.jobs.checkpoints import Progress
from nnip.measure.base import Job
from nnip.potentials.base import Graph, Potential
from nnip.potentials.loading import load
from nnip.study.manifest import read_manifest


@dataclass
class Subject:
    """A trained model and its frames; options: the config's blocks by measurement; plain: the model as others evaluate it, never compiled."""

    framework: str
    path: str
    potential: Potential
    plain: Potential
    settings: dict[str, Any]
    options: dict[str, dict[str, Any]]
    frames_file: Path
    start_file: Path

    def job(self, measurement: str, scratch: Path, **changes: Any) -> Job:
        """A job of a measurement, with some of its options changed; it writes no checkpoint."""
        files = {"train": self.frames_file, "start": self.start_file}
        progress = Progress.of_measurement(scratch, "bench", 1e6)
        return Job(self.settings, self.options[measurement] | changes, files, self.potential, progress)

    def start(self) -> Atoms:
        """The frame that MD starts from."""
        return read_frames(self.start_file)[0]

    def frames(self) -> list[Atoms]:
        """The frames of a landscape's loss."""
        return read_labelled(self.frames_file, self.options["landscape"]["n_frames"])

    def done(self) -> None:
        """Wait for the device."""
        if self.potential.device.type == "cuda":
            torch.cuda.synchronize()


def subjects(directory: Path, frames_file: Path, start_file: Path, options: dict[str, Any], device: str) -> Iterator[Subject]:
    """The model of a training's directory as it is, then compiled where that is possible, which takes a minute or two."""
    manifest, plain = read_manifest(directory / "manifest.json"), load(directory, device)
    subject = Subject(manifest["framework"], "plain", plain, plain, manifest["settings"], options, frames_file, start_file)
    yield subject
    if plain.not_compiled is None:
        compiled = load(directory, device)
        compiled.compile(compiled.graph(subject.frames()[:2]))
        yield replace(subject, path="compiled", potential=compiled)


def floor(subject: Subject, frames: Sequence[Atoms]) -> tuple[Callable[[int], None], int]:
    """The network alone: run(n) evaluates all frames n times, their graphs ready, in batches of the size that is fastest here; and that size."""
    potential = subject.potential

    def graphs_of(size: int) -> list[Graph]:
        return [potential.graph(frames[start : start + size]) for start in range(0, len(frames), size)]

    def evaluate(graphs: Sequence[Graph], n: int) -> None:
        for _ in range(n):
            for graph in graphs:
                potential.energies_forces(graph)
        subject.done()

    def cost(size: int) -> float:
        graphs = graphs_of(size)
        evaluate(graphs, 1)
        return min(seconds_of(lambda n: evaluate(graphs, n), 2)[1 if potential.device.type == "cpu" else 0] for _ in range(3))

    sizes = sorted({-(-len(frames) // parts) for parts in (1, 2, 3, 6)})
    best = min(sizes, key=cost)
    graphs = graphs_of(best)
    return lambda n: evaluate(graphs, n), best
