"""Loss landscapes: the loss along random directions in weight space around every model trained on all frames.

Needs: trainings. Makes: results/<study>/runs/<run>/landscape-<mode>/{landscape.csv,directions.csv,manifest.json}
"""


rule scan_landscape:
    """Energy and force RMSE along all directions of one mode, around one trained model."""
    input:
        potential=potential_code,
        frames=frames_of_split(config["landscape"]["split"]),
        training=f"{RESULTS}/runs/{{run}}/train/manifest.json",
        script=script_path("scan_landscape.py"),
        code=code_of("scripts/scan_landscape.py"),
        environment=environment_ready,
    output:
        landscape=f"{RESULTS}/runs/{{run}}/landscape-{{mode}}/landscape.csv",
        directions=f"{RESULTS}/runs/{{run}}/landscape-{{mode}}/directions.csv",
        manifest=f"{RESULTS}/runs/{{run}}/landscape-{{mode}}/manifest.json",
    log:
        f"{LOGS}/landscape-{{mode}}/{{run}}.log",
    benchmark:
        f"{LOGS}/benchmarks/landscape-{{mode}}/{{run}}.tsv"
    conda:
        conda_of
    resources:
        runtime=minutes("landscape"),
        mem_mb=megabytes("landscape"),
        gpu=gpus,
        checkpoint_minutes=config["checkpoint_minutes"],
    params:
        python=python_of,
        settings=settings_of,
        options=json.dumps(variants.line_options(config)),
        trained_in=lambda wildcards, input: os.path.dirname(input.training),
        directory=lambda wildcards, output: os.path.dirname(output.manifest),
    message:
        "Scan the {wildcards.mode} loss landscape of {wildcards.run}: at most {resources.runtime} min"
    shell:
        "{params.python:q} {input.script:q} --settings {params.settings:q} --options {params.options:q} --mode {wildcards.mode}"
        " --train-directory {params.trained_in:q} --frames {input.frames} --directory {params.directory:q}"
        " --checkpoint-minutes {resources.checkpoint_minutes} > {log} 2>&1"
