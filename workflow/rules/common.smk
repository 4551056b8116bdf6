# Names and functions shared by the rules. Constants are read from the config once; nnip/ defines the meaning of the config.
import functools
import json
import os
import re
import sys
from pathlib import Path

from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config
from snakemake_interface_executor_plugins.settings import DeploymentMethod

ROOT = str(Path(workflow.basedir) if (Path(workflow.basedir) / "workflow").is_dir() else Path(workflow.basedir).parent)
sys.path.insert(0, f"{ROOT}/workflow")

from nnip.jobs import environments, warm
from nnip.cost import calibration
from nnip.cost.estimate import of_replicas
from nnip.study import estimates
from nnip.study.code_inputs import code_hash, code_inputs, framework_code
from nnip.study.config import blame_command_line, check_config
from nnip.study.labels import CHARGE_AND_SPIN, weighted_labels
from nnip.study.model_table import check_listed_models, hyperparameters, load_models, trained_file
from nnip.study.schema import read_yaml
from nnip.data import CRYSTAL_MEASUREMENTS, pool_folder, split_names
from nnip.data.own_files import checksum, is_recorded
from nnip.jobs.errors import InputError
from nnip.jobs.killed_runs import release_locks_of_killed_runs
from nnip.declare.registry import analyses, figures, made_of, measured_tables, measurements
from nnip.declare.core import RELEASED, STUDIED
from nnip.potentials.frameworks import choices, frameworks
from nnip.study.measured import asked_for, jobs, module, splits_read
from nnip.study.runs import list_runs, run_settings
from nnip.study.training_sets import MADE_HERE, pool_frames, pools, training_sets


def check_study(given, source):
    """The complete config, whether its data are published tables, and the models; InputError naming the source of what is wrong."""
    complete = check_config(given, source)
    published = complete["datasets"][complete["dataset"]]["source"] == "published"
    models = load_models(complete["models"], trained=not published)
    check_listed_models(complete, models["models"], source)
    return complete, published, models


def config_of_files():
    """What the config files say, without `--config`."""
    merged = {}
    for path in workflow.configfiles:
        update_config(merged, load_configfile(path))
    return merged


try:
    SOURCE = ", ".join(map(str, workflow.configfiles)) or "config"
    for path in workflow.configfiles:
        if not str(path).endswith(".json"):
            read_yaml(path)  # snakemake takes the last of two equal keys without a message
    config, PUBLISHED, MODELS = blame_command_line(check_study, config, config_of_files(), SOURCE)
    FIGURES = figures()
except InputError as error:
    raise WorkflowError(str(error)) from None

environments.enter(config["mirror"])
if not workflow.is_main_process:
    warm.refuse()  # this is one job, on a cluster's node perhaps
if workflow.is_main_process and release_locks_of_killed_runs(Path(".snakemake")):
    print("An earlier run on this machine was killed; its lock is removed.", file=sys.stderr)

RESULTS = f"results/{config['study']}"
LOGS = f"logs/{config['study']}"
DATASET = config["datasets"][config["dataset"]]
TRAINING_SETS = {} if PUBLISHED else training_sets(config)
POOLS = {} if PUBLISHED else {pool_folder(name): name for name in pools(config)}  # folder -> data set, the study's first
MAIN_SET = next((name for name, each in TRAINING_SETS.items() if each.role == "main"), None)
RUNS = {} if PUBLISHED else list_runs(config, MODELS["models"])
MAIN_RUNS = [name for name, run in RUNS.items() if run.role == "main"]
SPLITS = [] if PUBLISHED else split_names(DATASET)
TABLES = f"{RESULTS}/tables"
SI_TABLES = ("hyperparameters", "entropy", "errors")
# measurement -> folder under runs/ -> its job
JOBS = {} if PUBLISHED else {name: jobs(name, config, RUNS) for name in asked_for(config)}
FRAMES_MEASURED = [name for name in JOBS if measurements()[name].of == "frames"]
N_FRAMES = 0 if PUBLISHED else estimates.frames_expected(DATASET, len(SPLITS), config["n_train"])
N_ATOMS = estimates.atoms_expected(DATASET)
COST = f"{RESULTS}/cost"
ARCHITECTURES = {} if PUBLISHED else calibration.representatives(MODELS["models"])
try:
    CALIBRATION = calibration.read_calibration(f"{COST}/calibration.csv", config["device"])
except InputError as error:
    CALIBRATION = {}  # the limits are the rough ones
    if workflow.is_main_process:
        print(f"warning: {error}", file=sys.stderr)
# training sets whose models start from the start frame
STARTED = list(
    dict.fromkeys(RUNS[job.run].training_set.name for name in JOBS for job in JOBS[name].values() if "start" in splits_read(name, job.options, []))
)
ALL_SPLITS = ["train", "val", *(f"test_{split}" for split in SPLITS)]


def setting(key):
    """A value of the config by its key with dots; None if the block is off."""
    value = config
    for part in key.split("."):
        value = None if value is None else value[part]
    return value


made = [table for name in JOBS if JOBS[name] or name in FRAMES_MEASURED for table in measurements()[name].tables_made(config[name])]
DRAWN_SETS = [name for name, each in TRAINING_SETS.items() if each.draw]
BY_MOLECULE = isinstance(DATASET.get("smiles"), dict)
made += [table for table, asked in {"molecules": BY_MOLECULE, "drawn_sets": DRAWN_SETS, "selected": config["select"]}.items() if asked]
UNMEASURED = measured_tables() - set(RELEASED if PUBLISHED else [*STUDIED, *made])
# the analyses of this study, and all tables that it does not make; no figure is drawn from these
ANALYSES, ABSENT = made_of(analyses(), UNMEASURED, PUBLISHED, setting)
DRAWN = {
    name: figure for name, figure in FIGURES.items() if figure.is_drawn(ABSENT, DATASET["source"]) and (figure.when is None or setting(figure.when))
}
USE_CONDA = DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method


def stop_polling():
    """Takes Snakemake's default limit of 100 jobs a second away: with it 9.27.1 looks at all ready jobs again every second, for each job that has ended.

    A limit given by `--max-jobs-per-timespan` stays.
    """
    limiter = getattr(workflow.scheduler, "job_rate_limiter", None)
    if limiter and (limiter.max_jobs, limiter.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


wildcard_constraints:
    run="|".join(map(re.escape, RUNS)) or "none",
    training_set="|".join(map(re.escape, TRAINING_SETS)) or "none",


def run_of(wildcards):
    """A job's run; the first run of the model that is measured for an architecture."""
    if "run" in wildcards.keys():
        return RUNS[wildcards.run]
    return next(run for run in RUNS.values() if run.model == ARCHITECTURES[wildcards.architecture])


def framework_of(wildcards):
    """The framework of a job's run, or the wildcard framework."""
    return wildcards.framework if "framework" in wildcards.keys() else run_of(wildcards).framework


def environment_ready(wildcards):
    """The environment that a framework's job needs, unless the config gives an interpreter or conda is used."""
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
    """A run's settings as JSON for its jobs (quoted by :q in the shell command)."""
    return json.dumps(run_settings(run_of(wildcards), config, MODELS["models"]))


def own_model(wildcards):
    """The file of a run's model if it was trained elsewhere."""
    run = run_of(wildcards)
    row = MODELS["models"][run.model]
    return [trained_file(row, run.seed)] if row["trained"] else []


def script_path(name):
    """A script that a shell job runs."""
    return os.path.relpath(f"{ROOT}/workflow/scripts/{name}")


def code_of(*files):
    """A hash of files of workflow/ and all code they import, as a parameter: if it changes, the job's results are made again."""
    return code_hash(code_inputs(*files))


@functools.cache
def framework_hash(framework):
    """A hash of the code of a framework; snakemake asks for it for every job."""
    return code_hash(framework_code(framework))


def potential_code(wildcards):
    """A hash of the code with which a job uses a potential of its framework."""
    return framework_hash(framework_of(wildcards))
