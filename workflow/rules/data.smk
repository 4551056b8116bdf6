"""Data: one data set, whatever its source, as training, validation and test frames with nested learning-curve subsets.

Makes: results/<study>/data/{train,val,test_<split>}.xyz, n<size>/{train,val}.xyz, manifest.json
"""


rule prepare_data:
    """Sample, download or read the frames, check them and split them."""
    input:
        own_frames(),
        script=script_path("prepare_data.py"),
        code=code_of("scripts/prepare_data.py"),
    output:
        [f"{RESULTS}/data/{name}.xyz" for name in ["train", "val", *(f"test_{split}" for split in SPLITS)]],
        [f"{RESULTS}/data/n{size}/{name}.xyz" for size in SIZES for name in ("train", "val")],
        manifest=f"{RESULTS}/data/manifest.json",
    log:
        f"{LOGS}/data.log",
    benchmark:
        f"{LOGS}/benchmarks/data.tsv"
    localrule: DATASET["source"] in ("3bpa", "ani-al")  # what is downloaded, compute nodes may not reach
    conda:
        "../../envs/workflow.yaml"
    threads: lambda wildcards: workflow.cores or 1
    resources:
        runtime=growing(60),
        mem_mb=growing(4000),
    params:
        # functions, for snakemake takes braces in a text for wildcards
        dataset=lambda wildcards: config["dataset"],
        options=lambda wildcards: json.dumps(DATASET),
        study=json.dumps({key: config[key] for key in ("seed", "n_train", "validation_fraction", "learning_curve")}),
        directory=lambda wildcards, output: os.path.dirname(output.manifest),
    message:
        f"Prepare the frames of {{params.dataset}} ({DATASET['source']}): {config['n_train']} to train on, tests {', '.join(SPLITS)}; about a minute per 300 frames made"
    shell:
        "python {input.script:q} --dataset={params.dataset:q} --options {params.options:q} --study {params.study:q}"
        " --directory {params.directory:q} --processes {threads} > {log} 2>&1"
