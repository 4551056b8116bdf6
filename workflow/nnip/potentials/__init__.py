"""Trained potentials with one interface (base.py), one sub-package per framework."""
