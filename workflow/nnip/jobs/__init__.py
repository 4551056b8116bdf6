"""What every job needs: whole files, clear errors, checkpoints, memory, GPUs."""
