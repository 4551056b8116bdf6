"""What every job needs whatever it does: whole files, clear errors, checkpoints, memory, GPUs."""
