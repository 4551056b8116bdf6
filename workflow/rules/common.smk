# Names and functions that the rules share. Constants are read from the config once; what the config means is decided in nnip/.
import json
import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake_interface_executor_plugins.settings import DeploymentMethod

ROOT = str(Path(workflow.basedir) if (Path(workflow.basedir) / "workflow").is_dir() else Path(workflow.basedir).parent)
sys.path.insert(0, f"{ROOT}/workflow")

from nnip.jobs import environments
from nnip.study import estimates
from nnip.study.code_inputs import code_inputs, framework_code
from nnip.study.config import check_config
from nnip.study.config import value as value_of
from nnip.study.model_table import check_listed_models, load_models
from nnip.study.schema import frameworks, read_yaml
from nnip.data import pool_folder, split_names
from nnip.jobs.errors import InputError
from nnip.jobs.killed_runs import release_locks_of_killed_runs
from nnip.landscape import variants
from nnip.declare.registry import figures
from nnip.study.runs import list_runs, run_settings
from nnip.study.training_sets import MADE_HERE, pool_frames, pools, training_sets

try:
    SOURCE = ", ".join(map(str, workflow.configfiles)) or "config"
    for path in workflow.configfiles:
        if not str(path).endswith(".json"):
            read_yaml(path)  # snakemake takes the last of two equal keys in silence
    config = check_config(config, SOURCE)
    PUBLISHED = config["datasets"][config["dataset"]]["source"] == "published"
    MODELS = load_models(config["models"], trained=not PUBLISHED)
    check_listed_models(config, MODELS["models"], SOURCE)
    FIGURES = figures()
except InputError as error:
    raise WorkflowError(str(error)) from None

environments.enter(config["mirror"])
if workflow.is_main_process and release_locks_of_killed_runs(Path(".snakemake")):
    print("An earlier run on this machine was killed; its lock is removed.", file=sys.stderr)

RESULTS = f"results/{config['study']}"
LOGS = f"logs/{config['study']}"
DATASET = config["datasets"][config["dataset"]]
TRAINING_SETS = {} if PUBLISHED else training_sets(config)
POOLS = {} if PUBLISHED else {pool_folder(name): name for name in pools(config)}  # folder -> data set, the study's own first
MAIN_SET = next((name for name, each in TRAINING_SETS.items() if each.role == "main"), None)
RUNS = {} if PUBLISHED else list_runs(config, MODELS["models"])
MAIN_RUNS = [name for name, run in RUNS.items() if run.role == "main"]
SPLITS = [] if PUBLISHED else split_names(DATASET)
TABLES = f"{RESULTS}/tables"
SI_TABLES = ("hyperparameters", "entropy", "errors")
# what is measured beside the main line: table -> folder under runs/ -> its run
BESIDE = {
    "planes": variants.planes(config, RUNS),
    "landscape_tests": variants.split_landscapes(config, RUNS),
    "landscape_frozen": variants.frozen_landscapes(config, RUNS),
}
# tables this study does not make, so that no figure is drawn from them: nothing was trained, or the config does not ask for the experiment
ABSENT = {
    table
    for table, made in {
        "trainings": not PUBLISHED,
        "directions": not PUBLISHED,
        "sampling": not PUBLISHED,
        "resolution": not PUBLISHED,
        "temperatures": not PUBLISHED and config["md"]["record_every_fs"],
        "toy": config["toy"],
        "weights": config["weights"],
        "weight_moments": config["weights"],
        "distributions": config["distributions"],
        "distribution_moments": config["distributions"],
        **BESIDE,
        "entropy_tests": BESIDE["landscape_tests"],
        "entropy_frozen": BESIDE["landscape_frozen"],
    }.items()
    if not made
}
DRAWN = {
    name: figure
    for name, figure in FIGURES.items()
    if figure.is_drawn(ABSENT, DATASET["source"]) and (figure.when is None or value_of(config, figure.when))
}
USE_CONDA = DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method


wildcard_constraints:
    run="|".join(map(re.escape, RUNS)) or "none",
    mode="isotropic|paper",
    training_set="|".join(map(re.escape, TRAINING_SETS)) or "none",


def framework_of(wildcards):
    """The framework of a job's run, or the one all its runs share."""
    return RUNS[wildcards.run].framework if "run" in wildcards.keys() else wildcards.framework


def environment_ready(wildcards):
    """What a framework's job waits for: its environment, unless the site gives an interpreter or conda does it."""
    framework = framework_of(wildcards)
    if USE_CONDA or framework in config["python"]:
        return []
    return [ancient(f"{environments.environment(framework)}/.ready"), ancient(environments.interpreter(framework))]


def python_of(wildcards):
    """The interpreter of a job's framework."""
    framework = framework_of(wildcards)
    if framework in config["python"]:
        return config["python"][framework]
    return "python" if USE_CONDA else environments.interpreter(framework)


def conda_of(wildcards):
    return f"{ROOT}/envs/{framework_of(wildcards)}.yaml"


def settings_of(wildcards):
    """A run's settings as the JSON its jobs are given (quoted by :q in the shell command)."""
    return json.dumps(run_settings(RUNS[wildcards.run], config, MODELS["models"]))


def options(block):
    """A function giving one block of the config as JSON, for a job's params."""
    return lambda wildcards: json.dumps(config[block])


def frozen_options(wildcards):
    """What a landscape with frozen parameters is told of the config, with the pattern of the run's framework, as JSON."""
    pattern = config["landscape"]["frozen"][wildcards.frozen][framework_of(wildcards)]
    return json.dumps(variants.line_options(config, frozen={"name": wildcards.frozen, "pattern": pattern}))


def script_path(name):
    """A script that a shell job runs."""
    return os.path.relpath(f"{ROOT}/workflow/scripts/{name}")


def code_of(*files):
    """Files of workflow/ and all code they import, as inputs: where one changes, the job's results are made again."""
    return [os.path.relpath(path) for path in code_inputs(*files)]


def potential_code(wildcards):
    """The code through which a job uses a potential of its framework."""
    return [os.path.relpath(path) for path in framework_code(framework_of(wildcards))]


def own_frames(pool, tests=True):
    """The user's own files that a data set is read from (none where frames are made or downloaded)."""
    block = config["datasets"][pool]
    if block["source"] != "extxyz":
        return []
    entries = [block["train"], *(block["test"].values() if tests else [])]
    return sorted({entry["file"] if isinstance(entry, dict) else entry for entry in entries})


def prepared(pool):
    """What the data stage is told of the study, as JSON; n_pool: how many frames are made, where they are made."""
    made = config["datasets"][pool]["source"] in MADE_HERE
    return json.dumps({"seed": config["seed"], "n_pool": pool_frames(pool, config) if made else None})


def test_frames():
    """The frames of every test split."""
    return [f"{RESULTS}/data/test_{split}.xyz" for split in SPLITS]


def pool_file(pool):
    """The frames of a pool."""
    return f"{RESULTS}/data/pools/{pool_folder(pool)}/pool.xyz"


def frames_of_set(name):
    """The training and validation frames of a training set; of one with noise, the training frames without it too."""
    names = ["train", "val", *(["train_clean"] if TRAINING_SETS[name].noise else [])]
    return {kind: f"{RESULTS}/data/sets/{name}/{kind}.xyz" for kind in names}


def training_frames(run):
    """The frames that a run, given by its name, has learnt from: train, val and, where they have noise, train_clean."""
    return frames_of_set(RUNS[run].training_set.name)


def splits_of_run(wildcards):
    """NAME=FILE of the splits that a run has errors on."""
    files = training_frames(wildcards.run) | dict(zip(SPLITS, test_frames(), strict=True))
    return [f"{split}={path}" for split, path in files.items()]


def frames_of_split(split):
    """The file of a split by its name in the config: train or val (of the main training set) or test_<name>."""
    return frames_of_set(MAIN_SET)[split] if split in ("train", "val") else f"{RESULTS}/data/{split}.xyz"


def run_files(name, runs=MAIN_RUNS):
    """One file of every run, in the runs' order; landscapes and MD are made of trainings on the main training set alone."""
    return [f"{RESULTS}/runs/{run}/{name}" for run in runs]


PARTS = {
    "trainings": run_files("train/training.csv", RUNS),
    "errors": run_files("evaluate/errors.csv", RUNS),
    "landscape": [path for mode in config["landscape"]["modes"] for path in run_files(f"landscape-{mode}/landscape.csv")],
    "directions": [path for mode in config["landscape"]["modes"] for path in run_files(f"landscape-{mode}/directions.csv")],
    "failures": run_files("md/failures.csv"),
    "temperatures": run_files("md/temperatures.csv"),
    **{
        table: [f"{RESULTS}/weights/{framework}/{table}.csv" for framework in dict.fromkeys(RUNS[run].framework for run in MAIN_RUNS)]
        for table in ("weights", "weight_moments")
    },
    "planes": [f"{RESULTS}/runs/{folder}/planes.csv" for folder in BESIDE["planes"]],
    "landscape_tests": [f"{RESULTS}/runs/{folder}/landscape.csv" for folder in BESIDE["landscape_tests"]],
    "landscape_frozen": [f"{RESULTS}/runs/{folder}/landscape.csv" for folder in BESIDE["landscape_frozen"]],
}


def parts_of_table(wildcards):
    """The runs' files that make one table of the study."""
    return PARTS[wildcards.table]


def missing_unless_trainings(wildcards):
    """The table of what is missing, which is not made where nothing is left: then the trainings' table is the only one, and tells how they ended."""
    return [] if wildcards.table == "trainings" else f"{TABLES}/missing.csv"


def gpus(wildcards):
    """GPUs a job that runs a model asks for; the run is given some by --resources gpu=N, or by its profile."""
    given = workflow.global_resources["gpu"].value if "gpu" in workflow.global_resources else 0
    return estimates.gpus(config["device"], given)


def minutes(stage):
    """A job's wall time limit from the sizes in the config, doubled with every attempt (a function for `resources`)."""
    return lambda wildcards, attempt: estimates.minutes(stage, RUNS[wildcards.run], config, MODELS["models"]) * 2 ** (attempt - 1)


def growing(limit):
    """A limit that is doubled with every attempt (a function for `resources`)."""
    return lambda wildcards, attempt: limit * 2 ** (attempt - 1)


def megabytes(stage):
    """A job's memory limit in MB from the sizes in the config, doubled with every attempt (a function for `resources`)."""
    return lambda wildcards, attempt: estimates.megabytes(stage, RUNS[wildcards.run], config, MODELS["models"]) * 2 ** (attempt - 1)


def tables(*names):
    """Paths of the study's tables by name."""
    return {name: f"{TABLES}/{name}.csv" for name in names}


def frameworks_of(figure):
    """The frameworks a figure is drawn for: all of the study, but those alone that an experiment beside the main line is made of."""
    made_of = [{run.framework for run in BESIDE[table].values()} for table in figure.needs if table in BESIDE]
    in_study = {row["framework"] for row in MODELS["models"].values()}
    return sorted(in_study.intersection(*made_of))


def study_targets():
    """All that the config asks for: every figure of this kind of study, every table that a figure can be drawn from, and the summary."""
    files = [f"{name}_{framework}" for name, figure in DRAWN.items() if figure.per_framework for framework in frameworks_of(figure)]
    files += [name for name, figure in DRAWN.items() if not figure.per_framework]
    drawn = [f"{RESULTS}/figures/{file}.{kind}" for file in files for kind in ("png", "pdf")]
    tables_drawn = sorted({table for figure in FIGURES.values() for table in (*figure.needs, *figure.uses)} - ABSENT)
    return [*drawn, *tables(*tables_drawn).values(), f"{RESULTS}/summary.md"]
