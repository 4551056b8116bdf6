"""Pairs: energies as sums of functions of the atoms' distances, linear in the weights. The smallest framework that the interface allows."""
