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


def chooser():
    """The run whose job chooses the frames to label next."""
    return next(name for name, run in RUNS.items() if run.role == "main" and run.model == config["select"]["model"])


def own_files(pool, tests=True):
    """The user's files of a data set (none if its frames are generated or downloaded)."""
    block = config["datasets"][pool]
    if block["source"] != "extxyz":
        return []
    entries = [block["train"], *(block["test"].values() if tests else [])]
    return sorted({entry["file"] if isinstance(entry, dict) else entry for entry in entries})


def start_files():
    """The user's file of the start frame, if it is from one."""
    return [config["md"]["start"]["file"]] if config["md"]["start"] and config["md"]["start"]["file"] else []


def as_recorded(files, manifest):
    """The user's files as inputs; the time of a file decides only where the manifest of its stage has not its content on record."""
    return [ancient(file) if is_recorded(file, manifest) else file for file in files]


def contents(files, manifest):
    """The user's files and the SHA-256 of their contents, as JSON: a parameter, so that another content makes the frames again whatever its time."""
    return json.dumps({file: checksum(file, manifest) for file in files})


def prepared(pool):
    """The study's settings for the data stage, as JSON; n_pool: number of frames to generate, else null.

    The user's own frames need the labels of all training sets drawn from them (the stress where its key is named); blind_to: of charge and spin,
    those that a model does not take.
    """
    source = config["datasets"][pool]["source"]
    settings = {"seed": config["seed"], "n_pool": pool_frames(pool, config) if source in MADE_HERE else None}
    if source == "extxyz":
        sets = [each for each in TRAINING_SETS.values() if each.pool == pool]
        settings["learn"] = [label for label in ("energy", "forces") if any(label in each.learn for each in sets)] or ["energy", "forces"]
        taken = [choices(row["framework"]).takes(row) for row in MODELS["models"].values() if not row["trained"]]
        settings["blind_to"] = [name for name in CHARGE_AND_SPIN if any(name not in names for names in taken)]
    return json.dumps(settings)


def test_frames():
    """The frames of every test split."""
    return [f"{RESULTS}/data/test_{split}.xyz" for split in SPLITS]


def pool_file(pool):
    """The frames of a pool."""
    return f"{RESULTS}/data/pools/{pool_folder(pool)}/pool.xyz"


def pool_manifest(pool):
    """The manifest of a pool's data set."""
    return f"{RESULTS}/data/manifest.json" if pool == config["dataset"] else f"{RESULTS}/data/pools/{pool_folder(pool)}/manifest.json"


def frames_of_set(name):
    """The training and validation frames of a training set; with noise also the training frames without it."""
    names = ["train", "val", *(["train_clean"] if TRAINING_SETS[name].noise else [])]
    return {kind: f"{RESULTS}/data/sets/{name}/{kind}.xyz" for kind in names}


REFERENCE_CRYSTAL = f"{RESULTS}/data/reference_crystal/crystal.xyz"
CRYSTAL_READERS = [name for name in JOBS if name in CRYSTAL_MEASUREMENTS]
CHOSEN_SETS = [name for name, each in TRAINING_SETS.items() if each.chosen]
REFERENCE_SCANS = f"{RESULTS}/data/reference_scans/frames.xyz"
START = f"{RESULTS}/data/start/start.xyz"


def split_files(training_set, splits):
    """Split -> file of labelled frames: those of a training set, the test splits, and those of the reference; start -> file of the start frame."""
    own = frames_of_set(training_set) | {"reference_scans": REFERENCE_SCANS, "reference_crystal": REFERENCE_CRYSTAL, "start": START}
    return {split: own.get(split, f"{RESULTS}/data/{split}.xyz") for split in splits}


def run_files(name, runs=MAIN_RUNS):
    """One file of every run, in the runs' order; by default of the runs on the main training set."""
    return [f"{RESULTS}/runs/{run}/{name}" for run in runs]


PARTS = {"trainings": run_files("train/training.csv", RUNS)}
for name, measured in JOBS.items():
    for table in measurements()[name].tables_made(config[name]):
        PARTS[table] = [f"{RESULTS}/runs/{folder}/{table}.csv" for folder in measured]
    if name in FRAMES_MEASURED:
        PARTS |= {table: [f"{RESULTS}/data/{name}/{table}.csv"] for table in measurements()[name].tables_made(config[name])}


def parts_of_table(wildcards):
    """The runs' files of one table of the study."""
    return PARTS[wildcards.table]


def missing_unless_trainings(wildcards):
    """Table missing, which stops a study without any model; only table trainings, which shows how they ended, does not need it."""
    return [] if wildcards.table == "trainings" else f"{TABLES}/missing.csv"


def gpus_given():
    """The run's GPUs, from --resources gpu=N or the profile."""
    return workflow.global_resources["gpu"].value if "gpu" in workflow.global_resources else 0


def gpus(wildcards):
    """GPUs requested by a job that runs a model."""
    return estimates.gpus(config["device"], gpus_given())


def training_minutes(wildcards, attempt):
    """A training's wall time limit, doubled with every attempt."""
    return estimates.training_minutes(RUNS[wildcards.run], config, MODELS["models"], N_ATOMS, CALIBRATION) * 2 ** (attempt - 1)


def training_megabytes(wildcards, attempt):
    """A training's memory limit in MB, doubled with every attempt."""
    return estimates.training_megabytes(RUNS[wildcards.run], config, MODELS["models"], N_ATOMS, CALIBRATION) * 2 ** (attempt - 1)


def at_once_calibrated(wildcards):
    """Options of a calibration as JSON: the most frames and replicas that measurements of the study evaluate at once, within reason."""
    held = [(module(name).frames_at_once(job.options), of_replicas(name, job.options)) for name in JOBS for job in JOBS[name].values()]
    most = {kind: max((n for n, replicas in held if replicas == kind), default=10) for kind in (False, True)}
    return json.dumps({"architecture": wildcards.architecture, "frames_at_once": min(most[False], 50), "n_replicas": min(most[True], 100)})


def growing(limit):
    """A limit that is doubled with every attempt (a function for `resources`)."""
    return lambda wildcards, attempt: limit * 2 ** (attempt - 1)


def tables(*names):
    """Paths of the study's tables by name."""
    return {name: f"{TABLES}/{name}.csv" for name in names}


def frameworks_of(figure):
    """The frameworks a figure is drawn for: those of the study for which all its measurements are made."""
    made_of = []
    for name, measured in JOBS.items():
        if measured and set(measurements()[name].tables) & set(figure.needs):
            asked = [job for job in measured.values() if figure.when and job.options.get("asked_by") == figure.when]
            made_of.append({RUNS[job.run].framework for job in asked or measured.values()})
    in_study = {row["framework"] for row in MODELS["models"].values()}
    return sorted(in_study.intersection(*made_of))


def data_manifests():
    """The manifests of the study's frames, of further pools and of the start frame."""
    if PUBLISHED:
        return []
    start = [f"{RESULTS}/data/start/manifest.json"] if STARTED else []
    return [f"{RESULTS}/data/manifest.json", *(f"{RESULTS}/data/pools/{pool}/manifest.json" for pool in list(POOLS)[1:]), *start]


def job_manifests():
    """The manifests of all jobs of the study, without those that an earlier config left in the folder."""
    if PUBLISHED:
        return []
    made = [*data_manifests(), *(f"{RESULTS}/data/sets/{name}/manifest.json" for name in TRAINING_SETS)]
    made += [f"{RESULTS}/data/{name}/manifest.json" for name in (*FRAMES_MEASURED, *({"reference_scans"} & set(JOBS)))]
    made += [f"{os.path.dirname(REFERENCE_CRYSTAL)}/manifest.json"] if CRYSTAL_READERS else []
    made += [f"{RESULTS}/runs/{chooser()}/selection/manifest.json"] if config["select"] else []
    return [*made, *run_files("train/manifest.json", RUNS), *(f"{RESULTS}/runs/{folder}/manifest.json" for jobs in JOBS.values() for folder in jobs)]


def study_targets():
    """All results of the config: every figure of this kind of study, every table that a figure can use, and the summary with its details."""
    files = [f"{name}_{framework}" for name, figure in DRAWN.items() if figure.per_framework for framework in frameworks_of(figure)]
    files += [name for name, figure in DRAWN.items() if not figure.per_framework]
    drawn = [f"{RESULTS}/figures/{file}.{kind}" for file in files for kind in ("png", "pdf")]
    drawn_from = {table for figure in FIGURES.values() for table in (*figure.needs, *figure.uses)}
    analysed = {table for analysis in ANALYSES.values() for table in analysis.tables}
    listed = {"molecules", "selected", "molecule_errors", "molecule_md"}  # for readers
    return [*drawn, *tables(*sorted((drawn_from | analysed | listed) - ABSENT)).values(), f"{RESULTS}/summary.md", f"{RESULTS}/details.md"]
