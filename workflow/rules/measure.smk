"""Measurements of trained models, and of the frames alone. One module of nnip.measure is one rule here.

Needs: trainings and the data stage's frames. Makes: results/<study>/runs/<run>/<measurement>[-<variant>]/{<table>.csv,manifest.json}
and results/<study>/data/<measurement>/{<table>.csv,manifest.json}
"""


def job_of(name):
    """A function giving the job of a measurement for some wildcards."""
    return lambda wildcards: JOBS[name][f"{wildcards.run}/{name}{getattr(wildcards, 'variant', '')}"]


def frames_read(name):
    """A function giving the files of the splits that a job reads, by split."""

    def read(wildcards):
        training_set = RUNS[wildcards.run].training_set.name
        every = list(dict.fromkeys([*frames_of_set(training_set), *ALL_SPLITS]))
        return split_files(training_set, splits_read(name, job_of(name)(wildcards).options, every))

    return read


def job_minutes(name):
    """A function giving a job's wall time limit in minutes from its evaluations, doubled with every attempt."""

    def minutes(wildcards, attempt):
        options = job_of(name)(wildcards).options
        work = estimates.Work(module(name).cost(options, N_FRAMES), N_FRAMES, of_replicas(name, options))
        return estimates.measurement_minutes(work, RUNS[wildcards.run], config, MODELS["models"], N_ATOMS, CALIBRATION) * 2 ** (attempt - 1)

    return minutes


def job_megabytes(name):
    """A function giving a job's memory limit in MB from the frames it holds at once, doubled with every attempt."""

    def megabytes(wildcards, attempt):
        at_once = module(name).frames_at_once(job_of(name)(wildcards).options)
        return estimates.measurement_megabytes(at_once, RUNS[wildcards.run], config, MODELS["models"], N_ATOMS, CALIBRATION) * 2 ** (attempt - 1)

    return megabytes


def job_options(name):
    """A function giving a job's options as JSON (quoted by :q in the shell command)."""
    return lambda wildcards: json.dumps(job_of(name)(wildcards).options)


def frames_arguments(name):
    """A function giving SPLIT=FILE of the splits that a job reads."""
    return lambda wildcards: [f"{split}={path}" for split, path in frames_read(name)(wildcards).items()]


for name, measured in JOBS.items():
    if not measured:
        continue
    measurement = measurements()[name]
    variants = dict.fromkeys(job.variant for job in measured.values())
    folder = name if list(variants) == [""] else f"{name}{{variant}}"

    rule:
        """One measurement of one trained model, by the module of the same name."""
        name:
            f"measure_{name}"
        input:
            unpack(frames_read(name)),
            training=f"{RESULTS}/runs/{{run}}/train/manifest.json",
            environment=environment_ready,
        output:
            **{table: f"{RESULTS}/runs/{{run}}/{folder}/{table}.csv" for table in measurement.tables_made(config[name])},
            manifest=f"{RESULTS}/runs/{{run}}/{folder}/manifest.json",
        log:
            f"{LOGS}/{folder}/{{run}}.log",
        wildcard_constraints:
            variant="|".join(f"-{re.escape(variant)}" if variant else "" for variant in variants),
        conda:
            conda_of
        resources:
            runtime=job_minutes(name),
            mem_mb=job_megabytes(name),
            gpu=gpus,
            checkpoint_minutes=config["checkpoint_minutes"],
            compile=config["compile"],
        params:
            potential=potential_code,
            script=script_path("measure.py"),
            code=code_of("scripts/measure.py", f"nnip/measure/{name}.py"),
            python=python_of,
            measurement=name,
            settings=settings_of,
            options=job_options(name),
            frames=frames_arguments(name),
            trained_in=lambda wildcards, input: os.path.dirname(input.training),
            directory=lambda wildcards, output: os.path.dirname(output.manifest),
        message:
            f"{measurement.begun} {{wildcards.run}}{' ({wildcards.variant})' if folder != name else ''}: at most {{resources.runtime}} min"
        shell:
            "{params.python:q} {params.script:q} --name {params.measurement} --settings {params.settings:q} --options {params.options:q}"
            " --train-directory {params.trained_in:q} --frames {params.frames:q} --directory {params.directory:q}"
            " --checkpoint-minutes {resources.checkpoint_minutes} --compile {resources.compile} > {log} 2>&1"


for name in FRAMES_MEASURED:

    rule:
        """One measurement of the frames of all splits, by the module of the same name."""
        name:
            f"measure_{name}"
        input:
            frames=list(split_files(MAIN_SET, splits_read(name, config[name], ALL_SPLITS)).values()),
        output:
            **{table: f"{RESULTS}/data/{name}/{table}.csv" for table in measurements()[name].tables_made(config[name])},
            manifest=f"{RESULTS}/data/{name}/manifest.json",
        log:
            f"{LOGS}/{name}.log",
        conda:
            "../../envs/workflow.yaml"
        resources:
            runtime=growing(30),
            mem_mb=growing(4000),
        params:
            code=code_of("scripts/measure_frames.py", f"nnip/measure/{name}.py"),
            name=name,
            splits=splits_read(name, config[name], ALL_SPLITS),
            options=config[name],
            directory=lambda wildcards, output: os.path.dirname(output.manifest),
        message:
            f"{measurements()[name].begun} every split: seconds per thousand frames"
        script:
            "../scripts/measure_frames.py"
