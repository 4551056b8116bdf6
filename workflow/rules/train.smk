"""Training: every model of the table with its framework's own command, once per seed and training set.

Needs: the training sets' frames. Makes: results/<study>/runs/<run>/train/{manifest.json,training.csv} and the framework's files beside them.
A training that diverges or never improves is a result: it is recorded, and the study continues. An interrupted training resumes from its newest
checkpoint. Checkpoints are not outputs, because outputs of failed jobs are deleted. Their interval is a resource, not a parameter, so a change of it
reruns nothing.
"""


rule train_model:
    """Train one model with one seed on one training set, or take over one trained elsewhere."""
    input:
        train=lambda wildcards: frames_of_set(RUNS[wildcards.run].training_set.name)["train"],
        val=lambda wildcards: frames_of_set(RUNS[wildcards.run].training_set.name)["val"],
        trained=own_model,
        set_manifest=lambda wildcards: f"{RESULTS}/data/sets/{RUNS[wildcards.run].training_set.name}/manifest.json",
        environment=environment_ready,
    output:
        manifest=f"{RESULTS}/runs/{{run}}/train/manifest.json",
        table=f"{RESULTS}/runs/{{run}}/train/training.csv",
    log:
        f"{LOGS}/train/{{run}}.log",
    conda:
        conda_of
    resources:
        runtime=training_minutes,
        mem_mb=training_megabytes,
        gpu=gpus,
        checkpoint_minutes=config["checkpoint_minutes"],
    params:
        potential=potential_code,
        script=script_path("train_model.py"),
        code=code_of("scripts/train_model.py"),
        python=python_of,
        settings=settings_of,
        directory=lambda wildcards, output: os.path.dirname(output.manifest),
        task=lambda wildcards, input: "Check the trained model" if input.trained else "Train",
    message:
        "{params.task} {wildcards.run}: at most {resources.runtime} min"
    shell:
        "{params.python:q} {params.script:q} --settings {params.settings:q} --train {input.train} --val {input.val} --set-manifest {input.set_manifest}"
        " --directory {params.directory:q} --checkpoint-minutes {resources.checkpoint_minutes} > {log} 2>&1"
