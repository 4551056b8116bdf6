"""Tables: the measurements of all runs, gathered into the study's tidy tables.

Needs: the runs' tables. Makes: results/<study>/tables/{models,hyperparameters,training_sets,missing,costs,trainings,errors,landscape,directions,failures}.csv,
and {molecules,drawn_sets}.csv of a study on named molecules
"""


localrules:
    make_model_tables,
    list_training_sets,
    list_missing,
    list_costs,
    gather_table,


rule make_model_tables:
    """The models with their experiments and switches."""
    output:
        models=f"{RESULTS}/tables/models.csv",
        hyperparameters=f"{RESULTS}/tables/hyperparameters.csv",
    log:
        f"{LOGS}/tables/models.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        code=code_of("scripts/make_model_tables.py"),
        models=MODELS["models"],
        experiments=MODELS["experiments"],
    message:
        "List the models and their switches"
    script:
        "../scripts/make_model_tables.py"


rule list_training_sets:
    """The training sets, with their noise in the label's unit."""
    input:
        manifests=[f"{RESULTS}/data/sets/{name}/manifest.json" for name in TRAINING_SETS],
    output:
        f"{TABLES}/training_sets.csv",
    log:
        f"{LOGS}/tables/training_sets.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        code=code_of("scripts/list_training_sets.py"),
        config=lambda wildcards: {
            key: config[key] for key in ("dataset", "n_train", "learning_curve", "noise", "diversity", "select", "training_sets")
        },
        of_stress=any("stress" in weighted_labels(hyperparameters(row)) for row in MODELS["models"].values()),
    message:
        "List the training sets"
    script:
        "../scripts/list_training_sets.py"


if BY_MOLECULE:

    rule list_molecules:
        """The molecules of the data set, and why some are left out."""
        input:
            manifest=f"{RESULTS}/data/manifest.json",
        output:
            f"{TABLES}/molecules.csv",
        log:
            f"{LOGS}/tables/molecules.log",
        localrule: True
        conda:
            "../../envs/workflow.yaml"
        params:
            code=code_of("scripts/list_molecules.py"),
            smiles=DATASET["smiles"],
            test_smiles=DATASET["test_smiles"],
        message:
            "List the molecules"
        script:
            "../scripts/list_molecules.py"


if DRAWN_SETS:

    rule list_drawn_sets:
        """The molecules of the training sets of the diversity block."""
        input:
            manifests=[f"{RESULTS}/data/sets/{name}/manifest.json" for name in DRAWN_SETS],
        output:
            f"{TABLES}/drawn_sets.csv",
        log:
            f"{LOGS}/tables/drawn_sets.log",
        localrule: True
        conda:
            "../../envs/workflow.yaml"
        params:
            code=code_of("scripts/list_drawn_sets.py"),
            config=lambda wildcards: {
                key: config[key] for key in ("dataset", "n_train", "learning_curve", "noise", "diversity", "select", "training_sets")
            },
        message:
            "List the drawn training sets"
        script:
            "../scripts/list_drawn_sets.py"


rule list_missing:
    """The trainings that gave no model, with reasons. If none on the main training set gave one, the study ends here with a message."""
    input:
        trainings=run_files("train/training.csv", RUNS),
    output:
        f"{TABLES}/missing.csv",
    log:
        f"{LOGS}/tables/missing.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        code=code_of("scripts/list_missing.py"),
        runs=list(RUNS),
        main_runs=MAIN_RUNS,
    message:
        "List what is missing"
    script:
        "../scripts/list_missing.py"


rule list_costs:
    """Time and memory of trainings and measurements, from their manifests."""
    input:
        manifests=[*run_files("train/manifest.json", RUNS), *(f"{RESULTS}/runs/{folder}/manifest.json" for jobs in JOBS.values() for folder in jobs)],
        missing=f"{TABLES}/missing.csv",
    output:
        f"{TABLES}/costs.csv",
    log:
        f"{LOGS}/tables/costs.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        code=code_of("scripts/list_costs.py"),
        # no input, so that an estimate that is made later makes no table again
        estimate=f"{COST}/estimate.csv",
    message:
        "List what trainings and measurements cost"
    script:
        "../scripts/list_costs.py"


rule gather_table:
    """One table of the study from the same table of every run."""
    input:
        parts=parts_of_table,
        missing=missing_unless_trainings,
    output:
        f"{RESULTS}/tables/{{table}}.csv",
    log:
        f"{LOGS}/tables/{{table}}.log",
    wildcard_constraints:
        table="|".join(PARTS),
    conda:
        "../../envs/workflow.yaml"
    params:
        table="{table}",
    message:
        "Gather table {wildcards.table} from all runs"
    script:
        "../scripts/gather_table.py"
