"""Molecular dynamics of many replicas in one batch, until each has failed or the time is over."""
