"""Cost: what the study would take, before anything is trained. `snakemake cost` (make cost) measures each distinct model for some seconds.

Makes: results/<study>/cost/{frames.xyz,engine.json,models/<architecture>.csv,calibration.csv,estimate.csv,manifest.json}
No other rule needs these. If calibration.csv exists, the jobs' limits of time and memory follow from it; limits are resources, so nothing is made again.
"""


localrules:
    make_calibration_frames,
    gather_calibration,
    cost,


rule make_calibration_frames:
    """Frames of the study's size: its own where they only need to be read, else made-up ones; and what its engine costs."""
    input:
        [] if DATASET["source"] in MADE_HERE else pool_file(config["dataset"]),
    output:
        frames=f"{COST}/frames.xyz",
        engine=f"{COST}/engine.json",
    log:
        f"{LOGS}/cost/frames.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        code=code_of("scripts/make_calibration_frames.py"),
        machine=calibration.machine(),
        options=lambda wildcards: DATASET,
        seed=config["seed"],
    message:
        "Make frames for the calibration"
    script:
        "../scripts/make_calibration_frames.py"


rule calibrate_model:
    """A short training, evaluations and MD steps of one model; models that differ in nothing that costs time share it."""
    input:
        frames=f"{COST}/frames.xyz",
        engine=f"{COST}/engine.json",
        trained=own_model,
        environment=environment_ready,
    output:
        f"{COST}/models/{{architecture}}.csv",
    log:
        f"{LOGS}/cost/{{architecture}}.log",
    wildcard_constraints:
        architecture="|".join(ARCHITECTURES) or "none",
    conda:
        conda_of
    resources:
        runtime=growing(60),
        mem_mb=growing(8000),
        gpu=gpus,
    params:
        script=script_path("calibrate_model.py"),
        code=code_of("scripts/calibrate_model.py"),
        potential=potential_code,
        python=python_of,
        machine=calibration.machine(),
        settings=settings_of,
        options=at_once_calibrated,
    message:
        "Measure what the model {wildcards.architecture} costs: about 15 s"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --options {params.options:q} --frames {input.frames:q}"
        " --engine {input.engine:q} --output {output:q} > {log} 2>&1"


rule gather_calibration:
    """The calibration of all models."""
    input:
        models=[f"{COST}/models/{architecture}.csv" for architecture in ARCHITECTURES],
        engine=f"{COST}/engine.json",
    output:
        calibration=f"{COST}/calibration.csv",
        manifest=f"{COST}/manifest.json",
    log:
        f"{LOGS}/cost/calibration.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        code=code_of("scripts/gather_calibration.py"),
        device=config["device"],
        seed=config["seed"],
    message:
        "Gather the calibration"
    script:
        "../scripts/gather_calibration.py"


rule cost:
    """Print the cost of every stage: jobs, core-hours, the longest job, memory; the rows by job are in cost/estimate.csv."""
    input:
        calibration=f"{COST}/calibration.csv",
        engine=f"{COST}/engine.json",
    log:
        f"{LOGS}/cost/estimate.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        code=code_of("scripts/estimate_cost.py"),
        config=lambda wildcards: config,
        models=lambda wildcards: MODELS["models"],
        n_frames=N_FRAMES,
        workflow_jobs={
            "data": [f"{RESULTS}/data/manifest.json", 1],
            "tables and figures": [f"{RESULTS}/manifest.json", len({os.path.splitext(file)[0] for file in study_targets()})],
        },
        warm=lambda wildcards: workflow.local_exec,
        at_once=lambda wildcards: max(gpus_given(), 1) if config["device"] == "cuda" else workflow.cores or 1,
        results=lambda wildcards, input: os.path.dirname(os.path.dirname(input.calibration)),
    message:
        "Estimate what the study costs"
    script:
        "../scripts/estimate_cost.py"
