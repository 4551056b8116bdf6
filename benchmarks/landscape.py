"""A loss landscape: the study's measurement against the released tool's way, the package loss-landscapes, and the network alone."""

import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rounds import Side
from subject import Subject, floor

from nnip.landscape.directions import draw_directions
from nnip.landscape.losses import positions
from nnip.landscape.weights import displaced
from nnip.measure import landscape
from nnip.potentials.evaluation import Batches, errors

RELEASED = 10.0
PACKAGE = 1.0
INSIDE = 0.95


def sides(subject: Subject) -> tuple[dict[str, Side], dict[str, str]]:
    """The ways to scan a landscape, ours first, and those that cannot run here. A unit is one point of one direction."""
    evaluate, size = floor(subject, subject.frames())
    n_directions = subject.options["landscape"]["n_directions"]
    made = {
        "ours": Side(lambda n: measured(subject, n), least=3 * n_directions),
        "the floor: the network alone": Side(evaluate, INSIDE, f"batches of {size} frames", least=20),
        "batch size 1, graphs rebuilt at every point (the released tool's way)": Side(lambda n: rebuilt(subject, n), RELEASED, least=5),
    }
    if not importlib.util.find_spec("loss_landscapes"):
        return made, {"loss-landscapes": "not in this environment"}
    if subject.potential.device.type != "cpu":
        return made, {"loss-landscapes": "3.0.6 draws its directions on the CPU and cannot add them to weights on a GPU"}
    package = Side(
        by_package(subject), PACKAGE, "3.0.6, random_line without filters ('model'), our cached batch as its metric", least=3 * n_directions
    )
    return made | {"loss-landscapes": package}, {}


def measured(subject: Subject, n: int) -> None:
    """The measurement of the study with n points in all: reads frames, builds graphs, draws directions, scans the lines."""
    with tempfile.TemporaryDirectory() as scratch:
        landscape.measure(subject.job("landscape", Path(scratch), n_points=n // subject.options["landscape"]["n_directions"]))
    subject.done()


def rebuilt(subject: Subject, n: int) -> None:
    """n points of a direction, with every frame's graph built again at each point and evaluated alone."""
    options, potential, frames = subject.options["landscape"], subject.plain, subject.frames()
    direction = draw_directions(potential, options["mode"], range(2))[0]
    with displaced(potential.module) as weights:
        for t in positions(options["mode"], n, options["distance"]):
            weights.displace(t * direction)
            for frame in frames:
                errors(Batches(potential, [frame], 1))
    subject.done()


def by_package(subject: Subject) -> Callable[[int], None]:
    """random_line of loss-landscapes, once for each direction; its metric is the study's errors over graphs that are ready."""
    import loss_landscapes
    from loss_landscapes.metrics import Metric

    options, potential = subject.options["landscape"], subject.potential
    batches = Batches(potential, subject.frames(), options["frames_per_batch"])

    class Rmse(Metric):
        def __call__(self, model_wrapper: Any) -> float:  # noqa: ARG002
            return errors(batches).forces_rmse_eV_per_A or 0.0

    def run(n: int) -> None:
        for _ in range(options["n_directions"]):
            with displaced(potential.module):
                # it moves the weights in place, by their norm over `distance`
                loss_landscapes.random_line(potential.module, Rmse(), distance=4.0, steps=n // options["n_directions"], normalization="model")
        subject.done()

    return run
