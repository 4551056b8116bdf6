"""Measurements of trained models and of frames."""
