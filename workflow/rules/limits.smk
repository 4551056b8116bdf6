# Time, memory and GPUs that jobs ask for.
def gpus_given():
    """The run's GPUs, from --resources gpu=N or the profile."""
    return workflow.global_resources["gpu"].value if "gpu" in workflow.global_resources else 0


def gpus(wildcards):
    """GPUs requested by a job that runs a model."""
    return estimates.gpus(config["device"], gpus_given())


def training_minutes(wildcards, attempt):
    """A training's wall time limit, doubled with every attempt."""
    return estimates.training_minutes(RUNS[wildcards.run], config, MODELS["models"], N_ATOMS, CALIBRATION) * 2 ** (attempt - 1)


def training_megabytes(wildcards, attempt):
    """A training's memory limit in MB, doubled with every attempt."""
    return estimates.training_megabytes(RUNS[wildcards.run], config, MODELS["models"], N_ATOMS, CALIBRATION) * 2 ** (attempt - 1)


def at_once_calibrated(wildcards):
    """Options of a calibration as JSON: the most frames and replicas that measurements of the study evaluate at once, within reason."""
    held = [(module(name).frames_at_once(job.options), of_replicas(name, job.options)) for name in JOBS for job in JOBS[name].values()]
    most = {kind: max((n for n, replicas in held if replicas == kind), default=10) for kind in (False, True)}
    return json.dumps({"architecture": wildcards.architecture, "frames_at_once": min(most[False], 50), "n_replicas": min(most[True], 100)})


def growing(limit):
    """A limit that is doubled with every attempt (a function for `resources`)."""
    return lambda wildcards, attempt: limit * 2 ** (attempt - 1)
