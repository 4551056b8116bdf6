"""MACE: its training and its potential."""
