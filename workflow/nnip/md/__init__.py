"""Molecular dynamics of many replicas in one batch, until each fails or time is up."""
