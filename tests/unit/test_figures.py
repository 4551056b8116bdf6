"""Every figure drawn from a small made-up study."""

import re
import warnings
import zlib

import numpy as np
import pytest
from made_up_study import FIGURES, draw, study, texts

from nnip.figures import style
from nnip.figures.labels import label_points
from nnip.jobs.errors import InputError

# what may stand in brackets behind a quantity that is no pure number
UNITS = {
    "eV",
    "meV",
    "degrees",
    "s",
    "eV/Å",
    "meV/Å",
    "eV/atom",
    "meV/atom",
    "Å",
    "ps",
    "K",
    "meV/Å/K",
    "meV/Å per 100 K",
    "per eV/Å",
    "per meV/atom",
    "per Å",
}
# slopes between logarithms, and what is measured in standard deviations
UNITS |= {"ln RMSE per ln $n$", "std. of the clean labels", "standard deviations of the forces", "standard deviations of the energies"}


@pytest.fixture(scope="module")
def tables():
    return study()


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_written_whole_and_with_units(name, tables, tmp_path):
    figure = draw(name, tables)
    paths = [tmp_path / f"{name}.png", tmp_path / f"{name}.pdf"]
    style.save(figure, paths)
    assert paths[0].read_bytes().startswith(b"\x89PNG")
    pdf = paths[1].read_bytes()
    assert pdf.startswith(b"%PDF") and b"/FontFile2" in pdf and b"CreationDate" not in pdf
    assert figure.get_figwidth() * 25.4 < 180
    for axis in figure.axes:
        for text in (axis.get_xlabel(), axis.get_ylabel()):
            if re.search("RMSE|time|energy|energies|force|temperature|length|density", text) and not re.search("entropy|weight", text):
                assert UNITS & set(re.findall(r"\(([^()]*)\)", text)), text


@pytest.mark.parametrize("name", ["experiments", "trends", "flatness"])
def test_the_same_tables_give_the_same_bytes(name, tables, tmp_path):
    paths = [tmp_path / f"{kind}{run}.{kind}" for run in "12" for kind in ("png", "pdf")]
    style.save(draw(name, tables), paths[:2])
    style.save(draw(name, tables), paths[2:])
    assert paths[0].read_bytes() == paths[2].read_bytes()
    assert paths[1].read_bytes() == paths[3].read_bytes()


@pytest.mark.parametrize("name", ["experiments", "landscapes", "learning_curves", "slopes", "rmse", "kaplan_meier", "md_traces"])
def test_a_model_without_data_is_named_with_the_reason(name, tables):
    assert "no data: diverged" in texts(draw(name, tables))
    if "trainings" in FIGURES[name].uses:
        assert "no data" in texts(draw(name, tables, trainings=None))


@pytest.mark.parametrize("name", sorted(set(FIGURES) - {"scaling", "correlations", "effects"}))
def test_a_figure_of_an_empty_table_says_so_and_why(name, tables):
    table = FIGURES[name].needs[:2][-1]
    words = texts(draw(name, tables, **{table: tables[table].iloc[:0]})).replace("\n", " ")
    assert re.search(f"Nothing to draw.*table '{table}'", words)
    if "trainings" in FIGURES[name].uses:
        assert "Trainings that gave no model: bad diverged." in words


def test_an_unknown_framework_is_named(tables):
    with pytest.raises(InputError, match="no model of framework 'orb'"):
        draw("experiments", tables, framework="orb")


@pytest.mark.parametrize("name", FIGURES)
def test_one_model_one_seed_nothing_censored(name):
    small = study(names=("a",), seeds=(1,), modes=("paper",))
    draw(name, small)


@pytest.mark.parametrize("name", ["experiments", "trends", "kaplan_meier"])
def test_many_models_with_long_labels_fit(name, tmp_path):
    big = study(names=[f"m{i}" for i in range(15)], seeds=(1,), modes=("paper",), label="a rather long name of model {} with its choice")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns where the layout cannot be kept
        style.save(draw(name, big), [tmp_path / "figure.png"])


def test_labels_do_not_cover_each_other():
    figure, axes = style.panels(1, 1, 85, 60)
    axis = axes[0, 0]
    x, y = np.tile(np.linspace(0.4, 0.6, 4), 2), np.repeat([0.45, 0.55], 4)
    axis.plot(x, y, "o")
    axis.set(xlim=(0, 1), ylim=(0, 1))
    label_points(axis, list(x), list(y), [f"model {i}" for i in range(8)], ["black"] * 8)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axis.texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_png_says_nothing_of_when_it_was_made(tables, tmp_path):
    path = tmp_path / "a.png"
    style.save(draw("landscape_entropy", tables), [path])
    data, at, kinds = path.read_bytes(), 8, set()
    while at < len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        assert zlib.crc32(data[at + 4 : at + 8 + length]) == int.from_bytes(data[at + 8 + length : at + 12 + length], "big")
        kinds.add(kind)
        at += 12 + length
    assert not kinds & {b"tEXt", b"tIME", b"iTXt"}
