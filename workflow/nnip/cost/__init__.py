"""What a study costs: a calibration of its models on this machine, the estimate of every job from it, and the table that `make cost` prints."""
