"""MACE behind the seam: its training, its potential."""
