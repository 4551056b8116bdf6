"""What is measured of trained models and of frames: one module a measurement, which MEASUREMENT declares and measure makes.

A new measurement is one new module here: nnip.declare.measurement says what it holds. Its config block, its tables, its rule measure_<name>, its
limits of time and memory, the labels of its numbers and its contract test (tests/numerics/test_measurements.py) follow from it.
"""
