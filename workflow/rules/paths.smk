# The files of a study: of its frames, runs and tables, their manifests, and all that a study makes.
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


def tables(*names):
    """Paths of the study's tables by name."""
    return {name: f"{TABLES}/{name}.csv" for name in names}


def made_tables(*names):
    """Paths of those of the tables that the study makes, by name."""
    return tables(*(name for name in names if name not in ABSENT))


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
