"""Trained potentials behind one seam (base.py), one sub-package per framework."""
