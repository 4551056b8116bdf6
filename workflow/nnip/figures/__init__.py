"""The study's figures, one module each: FIGURE says what it is drawn from (nnip.declare), draw draws it. The other modules are helpers.

A new figure is one new module here; nnip.declare.registry finds it.
"""
