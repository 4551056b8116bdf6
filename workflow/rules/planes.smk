"""Planes: the loss over a plane in weight space around the models that the config names.

Needs: trainings. Makes: results/<study>/runs/<run>/plane/{planes.csv,manifest.json}
"""


rule scan_plane:
    """Energy and force RMSE over the plane of two directions, around one trained model."""
    input:
        potential=potential_code,
        frames=frames_of_split(config["planes"]["split"]),
        training=f"{RESULTS}/runs/{{run}}/train/manifest.json",
        script=script_path("scan_plane.py"),
        code=code_of("scripts/scan_plane.py"),
        environment=environment_ready,
    output:
        planes=f"{RESULTS}/runs/{{run}}/plane/planes.csv",
        manifest=f"{RESULTS}/runs/{{run}}/plane/manifest.json",
    log:
        f"{LOGS}/plane/{{run}}.log",
    benchmark:
        f"{LOGS}/benchmarks/plane/{{run}}.tsv"
    conda:
        conda_of
    resources:
        runtime=minutes("plane"),
        mem_mb=megabytes("plane"),
        gpu=gpus,
        checkpoint_minutes=config["checkpoint_minutes"],
    params:
        python=python_of,
        settings=settings_of,
        options=json.dumps(variants.plane_options(config)),
        trained_in=lambda wildcards, input: os.path.dirname(input.training),
        directory=lambda wildcards, output: os.path.dirname(output.manifest),
    message:
        "Scan a plane of the loss landscape of {wildcards.run}: at most {resources.runtime} min"
    shell:
        "{params.python:q} {input.script:q} --settings {params.settings:q} --options {params.options:q}"
        " --train-directory {params.trained_in:q} --frames {input.frames} --directory {params.directory:q}"
        " --checkpoint-minutes {resources.checkpoint_minutes} > {log} 2>&1"
