"""MD: hot molecular dynamics of every model trained on all frames, all replicas in one batch, until each fails or time is up.

Needs: trainings and the training frames (the one of lowest energy is the start). Makes: results/<study>/runs/<run>/md/{failures.csv,manifest.json}
and, with md.record_every_fs, temperatures.csv beside them
"""


rule run_md:
    """Time to failure of all replicas of one trained model."""
    input:
        potential=potential_code,
        frames=[frames_of_split("train"), frames_of_split("val")],
        training=f"{RESULTS}/runs/{{run}}/train/manifest.json",
        script=script_path("run_md.py"),
        code=code_of("scripts/run_md.py"),
        environment=environment_ready,
    output:
        **({"temperatures": f"{RESULTS}/runs/{{run}}/md/temperatures.csv"} if config["md"]["record_every_fs"] else {}),
        failures=f"{RESULTS}/runs/{{run}}/md/failures.csv",
        manifest=f"{RESULTS}/runs/{{run}}/md/manifest.json",
    log:
        f"{LOGS}/md/{{run}}.log",
    benchmark:
        f"{LOGS}/benchmarks/md/{{run}}.tsv"
    conda:
        conda_of
    resources:
        runtime=minutes("md"),
        mem_mb=megabytes("md"),
        gpu=gpus,
        checkpoint_minutes=config["checkpoint_minutes"],
    params:
        python=python_of,
        settings=settings_of,
        options=options("md"),
        trained_in=lambda wildcards, input: os.path.dirname(input.training),
        directory=lambda wildcards, output: os.path.dirname(output.manifest),
    message:
        "Run hot MD of {wildcards.run} until its replicas fail: at most {resources.runtime} min"
    shell:
        "{params.python:q} {input.script:q} --settings {params.settings:q} --options {params.options:q} --train-directory {params.trained_in:q}"
        " --frames {input.frames} --directory {params.directory:q}"
        " --checkpoint-minutes {resources.checkpoint_minutes} > {log} 2>&1"
