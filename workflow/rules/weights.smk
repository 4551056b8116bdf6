"""Weights: how the trained weights of every model trained on all frames are distributed, where the config asks for it (block weights).

Needs: trainings. Makes: results/<study>/weights/<framework>/{weights.csv,weight_moments.csv,manifest.json}
One job a framework: a model takes a second to read, the framework many to start.
"""


rule measure_weights:
    """Histograms and moments of the weights of all models of one framework, all together and by part of the model."""
    input:
        potential=potential_code,
        trainings=lambda wildcards: [f"{RESULTS}/runs/{run}/train/manifest.json" for run in MAIN_RUNS if RUNS[run].framework == wildcards.framework],
        script=script_path("measure_weights.py"),
        code=code_of("scripts/measure_weights.py"),
        environment=environment_ready,
    output:
        weights=f"{RESULTS}/weights/{{framework}}/weights.csv",
        moments=f"{RESULTS}/weights/{{framework}}/weight_moments.csv",
        manifest=f"{RESULTS}/weights/{{framework}}/manifest.json",
    log:
        f"{LOGS}/weights/{{framework}}.log",
    wildcard_constraints:
        framework="|".join(frameworks()),
    conda:
        conda_of
    resources:
        runtime=lambda wildcards, input, attempt: (10 + len(input.trainings) // 10) * 2 ** (attempt - 1),
        mem_mb=growing(4000),
    params:
        python=python_of,
        options=options("weights"),
        trained_in=lambda wildcards, input: [os.path.dirname(path) for path in input.trainings],
        directory=lambda wildcards, output: os.path.dirname(output.manifest),
    message:
        "Measure the weights of all {wildcards.framework} models: about 10 s and 1 s per model"
    shell:
        "{params.python:q} {input.script:q} --options {params.options:q} --train-directories {params.trained_in:q}"
        " --directory {params.directory:q} > {log} 2>&1"
