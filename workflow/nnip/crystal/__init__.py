"""Crystals with point defects: their cells, relaxation, the path of a hop, and which atom is on which site; of any engine of energies and forces."""
