"""Declarations of a study's tables, options, quantities, measurements, analyses and figures; needs only the standard library."""

from nnip.declare.analysis import Analysis
from nnip.declare.columns import COST, POOLED, RUN, TRAINED, TRAINING, VARIANT, Column, Table, flag, real, text, whole
from nnip.declare.figure import Figure
from nnip.declare.measurement import Measurement
from nnip.declare.options import FRAMES_OF_LOSS, REQUIRED, block, choice, integer, many, mapping, number, switch, word
from nnip.declare.quantity import Quantity

__all__ = [
    "COST", "FRAMES_OF_LOSS", "POOLED", "REQUIRED", "RUN", "TRAINED", "TRAINING", "VARIANT",
    "Analysis", "Column", "Figure", "Measurement", "Quantity", "Table",
    "block", "choice", "flag", "integer", "many", "mapping", "number", "real", "switch", "text", "whole", "word",
]  # fmt: skip
