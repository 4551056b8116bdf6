"""Bad tables are refused with one line that names the file; good ones come back as they were written."""

from hostile import campaign, folder, no_hang, refused, spoilt_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from nnip.study import tables

KINDS = {"failures": None, "landscape": None, "models": None, "errors": None, "trainings": None, "outcomes": None, "weights": None, "toy": None}
VALUES = {
    "str": st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), min_size=1, max_size=20),
    "int": st.integers(-(2**31), 2**31),
    "float": st.floats(allow_nan=False),
    "bool": st.booleans(),
}
NOT = {
    "int": ["1.5", "one", "nan", "inf", "1e3", "0x10", "1_000", " 1", "9" * 30, "true", "-", "٣", "--1", "1,5"],
    "float": ["one", "nan", "NaN", "1,5", "1_000.0", "0x1p3", "1e", "e5", "true", "--1", " 1.0", "infinity", "None", "٣", "1.0.0"],
    "bool": ["yes", "True", "1", "0", "TRUE", "falsch", " true", "nan", "t"],
}


def rows_of(table, n):
    wanted = tables.columns(table)
    row = {
        name: st.one_of(VALUES[kind.removeprefix("optional ")], *([st.none()] if kind.startswith("optional ") else []))
        for name, kind in wanted.items()
    }
    return st.lists(st.fixed_dictionaries(row), min_size=n, max_size=3)


@settings(campaign, max_examples=80)
@given(table=st.sampled_from(list(KINDS)), data=st.data())
def test_tables_come_back_as_they_were_written(folder, table, data):
    rows = data.draw(rows_of(table, 0))
    tables.write_table(table, rows, folder / "good.csv")
    read = tables.read_table(table, folder / "good.csv")
    again = [{name: None if value is tables.pd.NA else value for name, value in row.items()} for row in read.to_dict("records")]
    assert again == rows


PLAIN = {"str": "a", "int": "3", "float": "1.5", "bool": "true"}


@st.composite
def spoilt_tables(draw):
    """A table's name and the text of one with two rows that is spoilt in one place."""
    table = draw(st.sampled_from(list(KINDS)))
    wanted = tables.columns(table)
    header = list(wanted)
    rows = [[PLAIN[kind.removeprefix("optional ")] for kind in wanted.values()] for _ in range(2)]
    row = draw(st.integers(0, 1))
    kind = draw(
        st.sampled_from(["lacking", "renamed", "twice", "more", "blank", "value", "value", "value", "longer", "shorter", "cut", "quote", "nul"])
    )
    place = draw(st.integers(0, len(header) - 1))
    if kind == "lacking":
        for line in (header, *rows):
            del line[place]
    elif kind == "renamed":
        header[place] += draw(st.sampled_from(["x", " ", "_eV", "\ufeff"]))
    elif kind == "twice":
        for line in (header, *rows):
            line.append(line[place])
    elif kind == "more":
        for line in (header, *rows):
            line.insert(place, "more")
    elif kind == "blank":
        place = draw(st.sampled_from([index for index, name in enumerate(wanted) if not wanted[name].startswith("optional ")]))
        rows[row][place] = ""
    elif kind == "value":
        numbers = [index for index, name in enumerate(wanted) if not wanted[name].endswith("str")]
        place = draw(st.sampled_from(numbers))
        bad = draw(st.sampled_from(NOT[wanted[header[place]].removeprefix("optional ")]))
        rows[row][place] = f'"{bad}"' if "," in bad else bad
    elif kind == "longer":
        rows[row].append(draw(st.sampled_from(["", "1", "x"])))
    elif kind == "shorter":
        rows[row] = rows[row][: draw(st.integers(1, len(header) - 1))]
    elif kind == "quote":
        rows[row][place] = '"' + rows[row][place]
    elif kind == "nul":
        rows[row][place] += "\0"
    text = "".join(",".join(line) + "\n" for line in (header, *rows))
    if kind == "cut":
        text = text[: draw(st.integers(0, len(text) - 2))].rstrip("\n")
    return table, text


@settings(campaign, max_examples=400)
@given(spoilt=spoilt_tables())
def test_tables_that_are_spoilt_in_one_place(folder, spoilt):
    table, text = spoilt
    file = folder / "mine.csv"
    file.write_text(text, encoding="utf-8")
    with refused("table", "mine.csv"):
        tables.read_table(table, file)


@settings(campaign, max_examples=60)
@given(content=spoilt_bytes("".join(f"{','.join(line)}\n" for line in (tables.columns("failures"), ["a"] * 10)).encode()))
def test_files_that_are_no_tables(folder, content):
    file = folder / "mine.csv"
    file.write_bytes(content)
    with refused("table", "mine.csv"):
        tables.read_table("failures", file)
