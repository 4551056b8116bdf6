"""Frames to label next, chosen by a model, and training sets that have them.

Needs: trainings on the main set, a pool of frames. Makes: results/<study>/runs/<run>/selection/{<kind>.xyz,selected.csv,manifest.json},
results/<study>/tables/selected.csv, and data/sets/plus<n>.<kind>/ where the pool has labels
"""

if config["select"]:

    rule select_frames:
        """Frames to label next, by a model trained on the main set."""
        input:
            trainings=lambda wildcards: [
                f"{RESULTS}/runs/{name}/train/manifest.json" for name in MAIN_RUNS if RUNS[name].model == config["select"]["model"]
            ],
            known=[*frames_of_set(MAIN_SET).values(), *test_frames()],
            pool=config["select"]["file"] or pool_file(TRAINING_SETS[MAIN_SET].pool),
            environment=environment_ready,
        output:
            [f"{RESULTS}/runs/{{run}}/selection/{kind}.xyz" for kind in config["select"]["by"]],
            table=f"{RESULTS}/runs/{{run}}/selection/selected.csv",
            manifest=f"{RESULTS}/runs/{{run}}/selection/manifest.json",
        log:
            f"{LOGS}/selection/{{run}}.log",
        conda:
            conda_of
        resources:
            runtime=growing(60),
            mem_mb=growing(4000),
            gpu=gpus,
        params:
            potential=potential_code,
            script=script_path("select_frames.py"),
            code=code_of("scripts/select_frames.py"),
            python=python_of,
            settings=settings_of,
            options=lambda wildcards: json.dumps(config["select"]),
            trained_in=lambda wildcards, input: [os.path.dirname(path) for path in input.trainings],
            directory=lambda wildcards, output: os.path.dirname(output.manifest),
        message:
            "Choose frames to label next by {wildcards.run}: a minute per thousand frames"
        shell:
            "{params.python:q} {params.script:q} --settings {params.settings:q} --options {params.options:q} --train-directories {params.trained_in:q}"
            " --known {input.known:q} --pool {input.pool:q} --directory {params.directory:q} > {log} 2>&1"

    rule list_selected:
        """The frames chosen."""
        input:
            lambda wildcards: f"{RESULTS}/runs/{chooser()}/selection/selected.csv",
        output:
            f"{TABLES}/selected.csv",
        log:
            f"{LOGS}/tables/selected.log",
        localrule: True
        conda:
            "../../envs/workflow.yaml"
        message:
            "List the frames chosen to be labelled"
        shell:
            "cp {input:q} {output:q} 2> {log}"


if CHOSEN_SETS:

    rule make_chosen_set:
        """The main training set with frames that a model chose."""
        input:
            main_set=lambda wildcards: [*frames_of_set(MAIN_SET).values(), f"{RESULTS}/data/sets/{MAIN_SET}/manifest.json"],
            chosen=lambda wildcards: f"{RESULTS}/runs/{chooser()}/selection/{TRAINING_SETS[wildcards.training_set].chosen}.xyz",
            pool=pool_file(TRAINING_SETS[MAIN_SET].pool),
        output:
            train=f"{RESULTS}/data/sets/{{training_set}}/train.xyz",
            val=f"{RESULTS}/data/sets/{{training_set}}/val.xyz",
            manifest=f"{RESULTS}/data/sets/{{training_set}}/manifest.json",
        log:
            f"{LOGS}/sets/{{training_set}}.log",
        wildcard_constraints:
            training_set="|".join(map(re.escape, CHOSEN_SETS)),
        localrule: True
        conda:
            "../../envs/workflow.yaml"
        params:
            code=code_of("scripts/make_chosen_set.py"),
            recipe=lambda wildcards: TRAINING_SETS[wildcards.training_set].recipe(),
            fraction=config["validation_fraction"],
        message:
            "Add chosen frames to the main training set: {wildcards.training_set}"
        script:
            "../scripts/make_chosen_set.py"
