"""The tables that no measurement and no analysis makes: models, training sets, and the outcomes of trainings."""

from nnip.declare.columns import RUN, TRAINING, Table, flag, real, text, whole

STATUS = text("ok, diverged or failed")
N_TRAIN = whole("labelled frames given to a training, validation included", "frames")
ERRORS = {
    "split": text("frames the errors are over"),
    "energy_rmse_eV_per_atom": real("root mean square energy error per atom", "eV/atom", optional=True),
    "forces_rmse_eV_per_A": real("root mean square error of the force components", "eV/A", optional=True),
    "energy_mae_eV_per_atom": real("mean absolute energy error per atom", "eV/atom", optional=True),
    "forces_mae_eV_per_A": real("mean absolute error of the force components", "eV/A", optional=True),
    "n_frames": whole("frames of the split", "frames", optional=True),
    "n_components": whole("force components of the split, three for each of its atoms", "components", optional=True),
}

CORE = {
    "models": Table(
        "A model in an experiment, in the order of the figures.",
        {
            "framework": RUN["framework"],
            "model": RUN["model"],
            "label": text("name of the model in figures"),
            "experiment": text("name of the experiment"),
            "title": text("title of the experiment"),
            "position": whole("place in the experiment, from 0"),
        },
    ),
    "hyperparameters": Table(
        "A switch of a model.",
        {"framework": RUN["framework"], "model": RUN["model"], "name": text("key of the model table"), "value": text("its value in YAML")},
    ),
    "training_sets": Table(
        "A training set.",
        {
            "training_set": TRAINING["training_set"],
            "role": text("main: all measurements; curve: a point of the learning curve; beside: errors, and the measurements it names"),
            "pool": text("data set of its frames"),
            "n_train": N_TRAIN,
            "learn": text("labels that are trained on, joined by +"),
            "noise_label": text("label with noise, which may be 0", optional=True),
            "noise": real("Gaussian noise on that label; 0: clean", "standard deviations of the label"),
            "noise_sigma_eV_per_A": real("the noise, if it is on forces", "eV/A", optional=True),
            "noise_sigma_eV_per_atom": real("the noise, if it is on energies", "eV/atom", optional=True),
            "selection": text("selection of the pool's frames; blank: all", optional=True),
        },
    ),
    "molecules": Table(
        "A molecule that the data set was asked for.",
        {
            "molecule": text("its name"),
            "smiles": text("its SMILES"),
            "only_tested": flag("whether it is in the test splits alone"),
            "formula": text("its composition", optional=True),
            "n_atoms": whole("its atoms", "atoms", optional=True),
            "conformers": whole("relaxed conformers that its trajectories start from", optional=True),
            "conformers_apart": whole("those of them from which only frames of test split basin start", optional=True),
            "reason": text("why it was left out", optional=True),
        },
    ),
    "drawn_sets": Table(
        "A training set of the diversity block.",
        {
            "training_set": TRAINING["training_set"],
            "designs": text("budget, molecules, or both joined by +"),
            "draw": whole("number of the draw"),
            "n_molecules": whole("molecules", "molecules"),
            "n_conformers": whole("labelled frames of each", "frames"),
            "molecules": text("their names in the order of the draw, joined by +"),
            "missing_elements": text("elements of the pool that it lacks, joined by +", optional=True),
        },
    ),
    "selected": Table(
        "A frame chosen to be labelled next.",
        {
            "framework": RUN["framework"],
            "model": text("the model that chose"),
            "by": text("kind of the choice: distance, spread or random"),
            "rank": whole("its place, from 0"),
            "frame": text("where the frame is from"),
            "molecule": text("its molecule", optional=True),
            "value": real("distance (ratio) at which it was chosen, or spread of its forces in eV/A; blank: chosen at random", optional=True),
        },
    ),
    "trainings": Table(
        "A training and how it ended.",
        TRAINING
        | {
            "status": STATUS,
            "epochs": whole("epochs of the training", optional=True),
            "wall_s": real("wall time of the framework's command", "s", optional=True),
            "n_parameters": whole("weights of the model", optional=True),
            "best_epoch": whole("epochs after which the model was best", optional=True),
            "device": text("cpu or cuda"),
            "reason": text("reason if there is no model", optional=True),
        },
    ),
    "missing": Table(
        "A training that gave no model.",
        {"run": text("its folder under runs/")}
        | TRAINING
        | {
            "status": STATUS,
            "reason": text("reason if there is no model", optional=True),
            "without": text("measurements that are missing as a result"),
        },
    ),
    "costs": Table(
        "A job of a training or of a measurement of one.",
        TRAINING
        | {
            "stage": text("train, or the measurement"),
            "variant": text("variant of the measurement", optional=True),
            "wall_s": real("wall time of the job, with all its attempts that were resumed", "s"),
            "cpu_s": real("CPU time of the job's process and its children; blank: it was resumed, or an earlier version made it", "s", optional=True),
            "max_memory_MB": real("most main memory that one of the job's processes held", "MB", optional=True),
            "estimated_s": real("time that was expected: CPU time, on a GPU wall time; blank without an estimate", "s", optional=True),
            "estimated_MB": real("main memory that was expected", "MB", optional=True),
            "device": text("cpu or cuda"),
        },
    ),
    "notes": Table(
        "An oddity of the released data, kept in the tables.",
        {"framework": RUN["framework"], "model": RUN["model"], "table": text("table with the oddity"), "note": text("description")},
    ),
    "errors_repeated": Table(
        "Errors that the released data contain a second time, with different values.",
        RUN | {"n_train": N_TRAIN} | ERRORS,
    ),
}

# tables of a study that trains, and of the paper's released data
STUDIED = ("models", "hyperparameters", "training_sets", "trainings", "missing", "costs")
RELEASED = ("models", "hyperparameters", "training_sets", "errors", "errors_repeated", "landscape", "failures", "notes")
