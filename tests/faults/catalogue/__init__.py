"""The faults, kind by kind, in the order in which they are done."""

from catalogue import jobs, runs, disks, files, clocks, records, edits, needs  # noqa: F401, I001  (the order of the table)
from catalogue.fault import FAULTS, Fault, NotHereError

__all__ = ["FAULTS", "Fault", "NotHereError"]
