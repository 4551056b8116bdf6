"""Data: a pool of frames and test splits from any source, the training sets drawn from pools, and the frame that MD starts from.

Makes: results/<study>/data/{test_<split>.xyz,manifest.json}, data/pools/<data set>/pool.xyz,
data/sets/<training set>/{train.xyz,val.xyz,manifest.json}, train_clean.xyz if labels have noise, and data/start/{start.xyz,manifest.json}
"""


localrules:
    choose_start,
    make_training_set,
    make_noisy_training_set,


rule prepare_data:
    """Sample, download or read the study's frames and check them."""
    input:
        lambda wildcards: as_recorded(own_files(config["dataset"]), f"{RESULTS}/data/manifest.json"),
    output:
        test_frames(),
        pool=pool_file(config["dataset"]),
        manifest=f"{RESULTS}/data/manifest.json",
    log:
        f"{LOGS}/data.log",
    localrule: DATASET["source"] in ("3bpa", "ani-al", "silicon-re")  # compute nodes may have no network for downloads
    conda:
        "../../envs/workflow.yaml"
    threads: lambda wildcards: workflow.cores or 1
    resources:
        runtime=growing(60),
        mem_mb=growing(4000),
    params:
        script=script_path("prepare_data.py"),
        code=code_of("scripts/prepare_data.py"),
        # functions, because snakemake reads braces in texts as wildcards
        dataset=lambda wildcards: config["dataset"],
        options=lambda wildcards: json.dumps(DATASET),
        study=lambda wildcards: prepared(config["dataset"]),
        contents=lambda wildcards: contents(own_files(config["dataset"]), f"{RESULTS}/data/manifest.json"),
        directory=lambda wildcards, output: os.path.dirname(output.manifest),
    message:
        f"Prepare the frames of {{params.dataset}} ({DATASET['source']}): a pool for {config['n_train']} to train on, tests {', '.join(SPLITS)}; about a minute per 300 frames made"
    shell:
        "python {params.script:q} --dataset={params.dataset:q} --options {params.options:q} --study {params.study:q}"
        " --directory {params.directory:q} --processes {threads} > {log} 2>&1"


rule prepare_pool:
    """Sample, download or read the frames of a further data set for training sets."""
    input:
        lambda wildcards: as_recorded(own_files(POOLS[wildcards.pool], tests=False), f"{RESULTS}/data/pools/{wildcards.pool}/manifest.json"),
    output:
        pool=f"{RESULTS}/data/pools/{{pool}}/pool.xyz",
        manifest=f"{RESULTS}/data/pools/{{pool}}/manifest.json",
    log:
        f"{LOGS}/pools/{{pool}}.log",
    wildcard_constraints:
        pool="|".join(map(re.escape, list(POOLS)[1:])) or "none",
    localrule: any(config["datasets"][pool]["source"] in ("3bpa", "ani-al", "silicon-re") for pool in list(POOLS.values())[1:])
    conda:
        "../../envs/workflow.yaml"
    threads: lambda wildcards: workflow.cores or 1
    resources:
        runtime=growing(60),
        mem_mb=growing(4000),
    params:
        script=script_path("prepare_data.py"),
        code=code_of("scripts/prepare_data.py"),
        dataset=lambda wildcards: POOLS[wildcards.pool],
        options=lambda wildcards: json.dumps(config["datasets"][POOLS[wildcards.pool]]),
        study=lambda wildcards: prepared(POOLS[wildcards.pool]),
        contents=lambda wildcards: contents(own_files(POOLS[wildcards.pool], tests=False), f"{RESULTS}/data/pools/{wildcards.pool}/manifest.json"),
        directory=lambda wildcards, output: os.path.dirname(output.manifest),
    message:
        "Prepare the pool {wildcards.pool} for training sets; about a minute per 300 frames made"
    shell:
        "python {params.script:q} --pool --dataset={params.dataset:q} --options {params.options:q} --study {params.study:q}"
        " --directory {params.directory:q} --processes {threads} > {log} 2>&1"


rule make_training_set:
    """Training and validation frames of one training set; where MD has no start, neither the main set nor a set drawn like it is made."""
    input:
        tests=test_frames(),
        pool=lambda wildcards: pool_file(TRAINING_SETS[wildcards.training_set].pool),
        pool_manifest=lambda wildcards: pool_manifest(TRAINING_SETS[wildcards.training_set].pool),
    output:
        train=f"{RESULTS}/data/sets/{{training_set}}/train.xyz",
        val=f"{RESULTS}/data/sets/{{training_set}}/val.xyz",
        manifest=f"{RESULTS}/data/sets/{{training_set}}/manifest.json",
    log:
        f"{LOGS}/sets/{{training_set}}.log",
    wildcard_constraints:
        training_set="|".join(re.escape(name) for name, each in TRAINING_SETS.items() if not (each.noise or each.chosen)) or "none",
    priority: 100
    conda:
        "../../envs/workflow.yaml"
    params:
        code=code_of("scripts/make_training_set.py"),
        recipe=lambda wildcards: TRAINING_SETS[wildcards.training_set].recipe(),
        study=lambda wildcards: {key: config[key] for key in ("seed", "validation_fraction", "dataset")}
        | {"isolated": any(row["reference_energies"] == "isolated" for row in MODELS["models"].values())},
        tests=SPLITS,
        like_main=lambda wildcards: bool(STARTED) and TRAINING_SETS[wildcards.training_set].is_drawn_like(TRAINING_SETS[MAIN_SET]),
    message:
        "Draw training set {wildcards.training_set} from {input.pool}"
    script:
        "../scripts/make_training_set.py"


use rule make_training_set as make_noisy_training_set with:
    output:
        train=f"{RESULTS}/data/sets/{{training_set}}/train.xyz",
        val=f"{RESULTS}/data/sets/{{training_set}}/val.xyz",
        train_clean=f"{RESULTS}/data/sets/{{training_set}}/train_clean.xyz",
        manifest=f"{RESULTS}/data/sets/{{training_set}}/manifest.json",
    wildcard_constraints:
        training_set="|".join(re.escape(name) for name, each in TRAINING_SETS.items() if each.noise) or "none",
    message:
        "Draw training set {wildcards.training_set} from {input.pool} and add noise to its labels"


rule choose_start:
    """The frame that MD starts from. make_training_set has checked it too, so no training waits for this job, and another start trains nothing again."""
    input:
        lambda wildcards: as_recorded(start_files(), f"{RESULTS}/data/start/manifest.json"),
        own=[frames_of_set(MAIN_SET)[part] for part in ("train", "val")],
        trained=[frames_of_set(name)["train"] for name in STARTED],
    output:
        frame=START,
        manifest=f"{RESULTS}/data/start/manifest.json",
    log:
        f"{LOGS}/start.log",
    priority: 100
    conda:
        "../../envs/workflow.yaml"
    params:
        code=code_of("scripts/choose_start.py"),
        contents=lambda wildcards: contents(start_files(), f"{RESULTS}/data/start/manifest.json"),
        start=config["md"]["start"],
        rules={key: config["md"][key] for key in ("max_bond_A", "min_distance_A")},
        trained_sets=STARTED,
    message:
        "Choose the start of the MD"
    script:
        "../scripts/choose_start.py"


if "reference_scans" in JOBS:

    rule label_reference_scans:
        """Bond scans of the start's molecule, labelled by the engine of the training data."""
        input:
            start=START,
        output:
            frames=REFERENCE_SCANS,
            manifest=f"{RESULTS}/data/reference_scans/manifest.json",
        log:
            f"{LOGS}/reference_scans.log",
        conda:
            "../../envs/workflow.yaml"
        threads: lambda wildcards: workflow.cores or 1
        resources:
            runtime=growing(60),
            mem_mb=growing(4000),
        params:
            script=script_path("label_reference_scans.py"),
            code=code_of("scripts/label_reference_scans.py"),
            smiles=lambda wildcards: DATASET["smiles"],
            points=config["reference_scans"]["n_points"],
            directory=lambda wildcards, output: os.path.dirname(output.manifest),
        message:
            "Label bond scans with GFN2-xTB: about a minute for 20 bonds"
        shell:
            "python {params.script:q} --smiles={params.smiles:q} --points {params.points} --start {input.start:q} --directory {params.directory:q}"
            " --processes {threads} > {log} 2>&1"


if CRYSTAL_READERS:

    rule make_reference_crystal:
        """Defects by the engine of the training data."""
        output:
            frames=REFERENCE_CRYSTAL,
            manifest=f"{os.path.dirname(REFERENCE_CRYSTAL)}/manifest.json",
        log:
            f"{LOGS}/reference_crystal.log",
        priority: 100
        conda:
            "../../envs/workflow.yaml"
        resources:
            runtime=growing(60),
            mem_mb=growing(4000),
        params:
            script=script_path("make_reference_crystal.py"),
            code=code_of("scripts/make_reference_crystal.py"),
            asked=lambda wildcards: json.dumps({name: config[name] for name in CRYSTAL_READERS}),
            seed=config["seed"],
            directory=lambda wildcards, output: os.path.dirname(output.manifest),
        message:
            "Defects, force constants and hops by EMT: minutes"
        shell:
            "python {params.script:q} --asked {params.asked:q} --seed {params.seed} --directory {params.directory:q} > {log} 2>&1"
