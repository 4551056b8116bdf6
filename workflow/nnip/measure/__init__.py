"""Measurements of trained models and of frames: one module each, with a declaration MEASUREMENT and a function measure.

A new measurement is one new module; nnip.declare.measurement describes its content. Config block, tables, rule measure_<name>, limits of time and
memory, labels of the numbers and a contract test (tests/numerics/test_measurements.py) follow from it.
"""
