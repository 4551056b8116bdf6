"""Evaluation: energy and force errors of every trained model on every split.

Needs: trainings and the data stage's frames. Makes: results/<study>/runs/<run>/evaluate/{errors.csv,manifest.json}
"""


rule evaluate_model:
    """Errors of one trained model on its training frames (where they have noise, those without too), the validation frames and all test splits."""
    input:
        unpack(lambda wildcards: training_frames(wildcards.run)),
        potential=potential_code,
        tests=test_frames(),
        training=f"{RESULTS}/runs/{{run}}/train/manifest.json",
        script=script_path("evaluate_model.py"),
        code=code_of("scripts/evaluate_model.py"),
        environment=environment_ready,
    output:
        errors=f"{RESULTS}/runs/{{run}}/evaluate/errors.csv",
        manifest=f"{RESULTS}/runs/{{run}}/evaluate/manifest.json",
    log:
        f"{LOGS}/evaluate/{{run}}.log",
    conda:
        conda_of
    resources:
        runtime=minutes("evaluate"),
        mem_mb=megabytes("evaluate"),
        gpu=gpus,
    params:
        python=python_of,
        settings=settings_of,
        options=options("evaluation"),
        splits=splits_of_run,
        trained_in=lambda wildcards, input: os.path.dirname(input.training),
        directory=lambda wildcards, output: os.path.dirname(output.manifest),
    message:
        "Evaluate {wildcards.run} on every split: at most {resources.runtime} min"
    shell:
        "{params.python:q} {input.script:q} --settings {params.settings:q} --options {params.options:q} --train-directory {params.trained_in:q}"
        " --splits {params.splits:q} --directory {params.directory:q} > {log} 2>&1"
