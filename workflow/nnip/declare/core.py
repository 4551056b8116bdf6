"""The tables that no measurement and no analysis makes: what a study consists of, and what became of its trainings."""

from nnip.declare.columns import RUN, TRAINING, Table, real, text, whole

STATUS = text("ok, diverged or failed")
N_TRAIN = whole("labelled frames given to a training, validation included", "frames")
ERRORS = {
    "split": text("frames the errors are over"),
    "energy_rmse_eV_per_atom": real("root mean square energy error per atom", "eV/atom"),
    "forces_rmse_eV_per_A": real("root mean square error of the force components", "eV/A"),
    "energy_mae_eV_per_atom": real("mean absolute energy error per atom", "eV/atom", optional=True),
    "forces_mae_eV_per_A": real("mean absolute error of the force components", "eV/A", optional=True),
    "n_frames": whole("frames of the split", "frames", optional=True),
    "n_components": whole("force components of the split, three for each of its atoms", "components", optional=True),
}

CORE = {
    "models": Table(
        "A model in an experiment, in the order they are drawn.",
        {
            "framework": RUN["framework"],
            "model": RUN["model"],
            "label": text("how figures call the model"),
            "experiment": text("name of the experiment"),
            "title": text("title of the experiment"),
            "position": whole("place in the experiment, from 0"),
        },
    ),
    "hyperparameters": Table(
        "A switch of a model.",
        {"framework": RUN["framework"], "model": RUN["model"], "name": text("key of the model table"), "value": text("its value as in YAML")},
    ),
    "training_sets": Table(
        "A training set.",
        {
            "training_set": TRAINING["training_set"],
            "role": text("main: everything is measured on it; curve: a point of the learning curve; beside: errors, and what it asks for"),
            "pool": text("the data set its frames are drawn from"),
            "n_train": N_TRAIN,
            "learn": text("the labels that are learnt, joined by +"),
            "noise_label": text("the label that has noise, which may be 0", optional=True),
            "noise": real("Gaussian noise on that label; 0: clean", "standard deviations of the label"),
            "noise_sigma_eV_per_A": real("the noise, where it is on forces", "eV/A", optional=True),
            "noise_sigma_eV_per_atom": real("the noise, where it is on energies", "eV/atom", optional=True),
            "selection": text("which frames of the pool count, where not all do", optional=True),
        },
    ),
    "trainings": Table(
        "A training and how it ended.",
        TRAINING
        | {
            "status": STATUS,
            "epochs": whole("epochs it went through", optional=True),
            "wall_s": real("wall time of the framework's command", "s", optional=True),
            "n_parameters": whole("weights of the model", optional=True),
            "best_epoch": whole("after how many epochs the model was the best", optional=True),
            "device": text("cpu or cuda"),
            "reason": text("why there is no model", optional=True),
        },
    ),
    "missing": Table(
        "A training that gave no model.",
        {"run": text("its folder under runs/")}
        | TRAINING
        | {"status": STATUS, "reason": text("why there is no model", optional=True), "without": text("what could not be measured for want of it")},
    ),
    "notes": Table(
        "An oddity of the released data, kept and named.",
        {"framework": RUN["framework"], "model": RUN["model"], "table": text("where it stands"), "note": text("what is odd")},
    ),
    "errors_repeated": Table(
        "Errors that the released data hold a second time, with other values.",
        RUN | {"n_train": N_TRAIN} | ERRORS,
    ),
}

# of a study that trains, and of the paper's released data
STUDIED = ("models", "hyperparameters", "training_sets", "trainings", "missing")
RELEASED = ("models", "hyperparameters", "training_sets", "errors", "errors_repeated", "landscape", "failures", "notes")
