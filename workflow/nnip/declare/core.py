"""The tables that no measurement and no analysis makes: what a study consists of, and what became of its trainings."""

from nnip.declare.columns import RUN, Table, real, text, whole

ENDED = {
    "n_train": whole("labelled frames given to the training, validation included", "frames"),
    "noise": real("noise on the labels", "standard deviations of the label"),
    "status": text("ok, diverged or failed"),
}
ERRORS = {
    "split": text("frames the errors are over"),
    "energy_rmse_eV_per_atom": real("root mean square energy error per atom", "eV/atom"),
    "forces_rmse_eV_per_A": real("root mean square error of the force components", "eV/A"),
    "energy_mae_eV_per_atom": real("mean absolute energy error per atom", "eV/atom", optional=True),
    "forces_mae_eV_per_A": real("mean absolute error of the force components", "eV/A", optional=True),
    "n_frames": whole("frames of the split", "frames", optional=True),
    "n_components": whole("force components of the split's frames", "components", optional=True),
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
    "trainings": Table(
        "A training and how it ended.",
        RUN
        | ENDED
        | {
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
        | RUN
        | ENDED
        | {"reason": text("why there is no model", optional=True), "without": text("what could not be measured for want of it")},
    ),
    "notes": Table(
        "An oddity of the released data, kept and named.",
        {"framework": RUN["framework"], "model": RUN["model"], "table": text("where it stands"), "note": text("what is odd")},
    ),
    "errors_repeated": Table(
        "Errors that the released data hold a second time, with other values.",
        RUN | {"n_train": ENDED["n_train"], "noise": ENDED["noise"]} | ERRORS,
    ),
}
