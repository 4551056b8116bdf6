"""Trainings on noisy labels: whether a model fits the noise or the true labels (the paper's figure 1a)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.style import COLOURS, GREY, LINES, MARKERS, Look

FIGURE = Figure(
    needs=("models", "errors", "training_sets"),
    uses=("trainings",),
    when="noise",
    per_framework=False,
    category="Accuracy and learning",
    caption=(
        "**Trainings on noisy labels**: each model trained on one label alone (rows), with Gaussian noise of σ standard deviations of that label; "
        "its RMSE against the noisy training frames (left) and against the same frames without noise (right). Dashed: RMSE = noise. Below it on "
        "the noisy frames a model has fitted noise; below it on the clean frames it is closer to the truth than its labels."
    ),
)

QUANTITIES = {
    "forces": ("force RMSE (meV/Å)", "forces_rmse_eV_per_A", "noise_sigma_eV_per_A"),
    "energy": ("energy RMSE (meV/atom)", "energy_rmse_eV_per_atom", "noise_sigma_eV_per_atom"),
}
SPLITS = {"train": "against the noisy training frames", "train_clean": "against the same frames clean"}


def noise_looks(models: pd.DataFrame, names: list[str]) -> dict[str, Look]:
    """A colour for each model of the noise study and a marker for its framework; labels name the framework if there are several."""
    rows = models.drop_duplicates("model").set_index("model").loc[names]
    frameworks = style.frameworks(rows)
    looks = {}
    for number, (name, row) in enumerate(rows.iterrows()):
        title, label = style.framework_title(row["framework"]), str(row["label"])
        turn, place = divmod(number, len(COLOURS))
        words = f"{title}, {label}" if len(frameworks) > 1 and label != title else label
        looks[str(name)] = Look(words, COLOURS[place], MARKERS[frameworks.index(row["framework"])], LINES[turn % len(LINES)])
    return looks


def of_noise(table: pd.DataFrame, training_sets: pd.DataFrame) -> pd.DataFrame:
    """The rows of training sets with role beside and only one label, with noise on it; with the columns of table training_sets."""
    sets = training_sets[(training_sets["role"] == "beside") & (training_sets["noise_label"] == training_sets["learn"])]
    return table.merge(sets, on="training_set")


@style.styled
def draw(models: pd.DataFrame, errors: pd.DataFrame, training_sets: pd.DataFrame, trainings: pd.DataFrame | None = None) -> Drawing:
    """RMSE on the training frames against the noise of their labels; rows: the label with noise, columns: noisy and clean frames.

    Lines are means over seeds, small points the seeds; dashed: the RMSE of a model that fits the clean labels exactly, on the noisy frames.
    """
    errors = of_noise(errors, training_sets)
    style.need(models=models, errors=errors)
    trainings = None if trainings is None else of_noise(trainings, training_sets)
    everything = errors if trainings is None else trainings
    names = [name for name in dict.fromkeys(models["model"]) if name in set(everything["model"])]
    look = noise_looks(models, names)
    labels = [label for label in QUANTITIES if label in set(everything["noise_label"])]
    figure, axes = style.panels(len(labels), 2, 150, 12 + 56 * len(labels), sharex=True, sharey="row")
    missing = []
    for row, label in enumerate(labels):
        text, quantity, unit = QUANTITIES[label]
        rows = errors[errors["noise_label"] == label]
        for column, (split, words) in enumerate(SPLITS.items()):
            axis = axes[row, column]
            for name in names:
                draw_model(axis, rows[(rows["model"] == name) & (rows["split"] == split)], quantity, look[name])
            draw_noise_line(axis, rows, unit)
            if rows.empty:
                style.say(axis, "no data")
            axis.set(xlim=(0, None), ylim=(0, None))
            style.letter(axis, "abcd"[2 * row + column])
            if row == 0:
                axis.set_title(words)
        axes[row, 0].set_ylabel(text)
        missing += [f"{look[name].label} ({label}): {why(name, label, trainings)}." for name in names if name not in set(rows["model"])]
    for axis in axes[-1]:
        kind = "forces" if labels == ["forces"] else "energies per atom" if labels == ["energy"] else "label"
        axis.set_xlabel(f"noise $\\sigma$ (standard deviations of the {kind})")
    handles = {handle.get_label(): handle for axis in axes.flat for handle in axis.get_legend_handles_labels()[0]}
    figure.legend(handles=list(handles.values()), loc="outside right upper")
    frames = ", ".join(str(size) for size in sorted(set(errors["n_train"].astype(int))))
    style.note(
        figure,
        "Trained on the noisy label alone. Dashed: RMSE = noise, the error of the clean labels on the noisy frames;",
        "a model below it there has fitted noise.",
        f"{frames} labelled frames, {style.counted(errors)}",
        "Small points: seeds." if errors["seed"].nunique() > 1 else "",
        " ".join(missing),
    )
    return figure


def draw_model(axis: Axes, rows: pd.DataFrame, quantity: str, look: Look) -> None:
    """One model's RMSE (in thousandths of the table's unit) against sigma."""
    if rows.empty:
        return
    table = rows.pivot_table(index="noise", columns="seed", values=quantity).astype(float).sort_index() * 1000
    if table.shape[1] > 1:
        axis.plot(table.index, table, look.marker, color=look.colour, markersize=1.6, alpha=0.7, markeredgewidth=0, label="_seeds")
    axis.plot(table.index, table.mean(axis=1), look.marker, color=look.colour, linestyle=look.line, markersize=3.5, label=look.label, clip_on=False)


def draw_noise_line(axis: Axes, rows: pd.DataFrame, unit: str) -> None:
    """The line RMSE = noise, from zero to the largest noise of the table."""
    if rows.empty:
        return
    last = rows.sort_values("noise").iloc[-1]
    axis.plot([0, float(last["noise"])], [0, 1000 * float(last[unit])], color=GREY, linestyle="--", linewidth=0.8, zorder=0, label="RMSE = noise")


def why(model: str, label: str, trainings: pd.DataFrame | None) -> str:
    """The reason why a model has no errors for one label."""
    return style.why_missing(model, None if trainings is None else trainings[trainings["noise_label"] == label])
