"""A measurement: one module of nnip.measure that measures a trained model, or the frames alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nnip.declare.columns import Table
from nnip.declare.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The declaration MEASUREMENT of a measurement; the module's docstring describes it.

    options:     its block of the config, which has the module's name (nnip.declare.options.block); an option named split must name a split
    tables:      tables that it makes
    quantities:  the numbers per model and seed that statistics take from its tables
    of:          "main": models trained on the main training set, or on a training set that names the measurement under `measure`; "all": every
                 training; "frames": no model, the frames alone
    compiles:    whether nearly all its evaluations are energies and forces of batches, so that compiled code may pay (nnip.measure.compiled)
    begun:       start of the job's message, for example "Scan the loss landscape of"

    The module also has

    measure(job) -> {table: rows}            nnip.measure.base.Job; imports torch and similar packages inside
    cost(options, n_frames) -> int           evaluations of one frame by the network; n_frames: frames of all splits it reads. At most so many where
                                             only the measurement finds out, and then counts them in a column n_passes of its table, in frames
    frames_at_once(options) -> int           frames evaluated at once, which determine the memory
    splits(options, all) -> [split]          the splits it reads: of train, val, train_clean, test_<name>; and start, the frame that MD starts from
    variants(config, run) -> {variant: options}   the jobs of one run; default: one job with the block's options
    problems(config, splits) -> [text]       errors in its block that no schema can detect; default: none
    """

    options: dict[str, Any]
    tables: dict[str, Table]
    quantities: tuple[Quantity, ...] = ()
    of: str = "main"
    compiles: bool = False
    begun: str

    def __post_init__(self) -> None:
        """ValueError for an invalid declaration."""
        if self.of not in ("main", "all", "frames"):
            raise ValueError(f"of is {self.of!r}, but should be main, all or frames")
        if not self.tables:
            raise ValueError("tables is empty")

    def tables_made(self, options: Mapping[str, Any]) -> list[str]:
        """The names of the tables it makes at these options."""
        return [name for name, table in self.tables.items() if table.when is None or options.get(table.when)]
