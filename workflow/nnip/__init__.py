"""What makes a neural network interatomic potential extrapolate: the library behind the study's rules.

Every module works in a notebook: put the folder that holds this package on the Python path. Nothing here imports snakemake.
"""
