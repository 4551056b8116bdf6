"""The fault campaign (make faults): its catalogue, and that it notices what it is there to notice."""

import shutil
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "faults"
sys.path.insert(0, str(FOLDER))

from catalogue import FAULTS  # noqa: E402
from comparison import differences  # noqa: E402
from reliability import read_records, survived, write_document  # noqa: E402
from running import Outcome  # noqa: E402
from seen import has_traceback, what_is_seen  # noqa: E402


def test_the_catalogue_is_long_and_every_fault_is_told_in_a_sentence_of_its_own():
    assert len(FAULTS) >= 30
    for values in ([fault.name for fault in FAULTS], [fault.sentence for fault in FAULTS]):
        assert len(set(values)) == len(FAULTS)
    assert all(len(fault.sentence) > 20 and fault.sentence.endswith(".") for fault in FAULTS)


@pytest.mark.parametrize(
    ("name", "change", "noticed"),
    [
        ("errors.csv", lambda text: text, []),
        ("errors.csv", lambda text: text.replace("0.25", "0.26"), ["errors.csv differs"]),
        ("errors.csv", lambda text: text.replace("b,0.25,9\n", ""), ["errors.csv differs"]),
        ("errors.csv", lambda text: text.rstrip(), ["errors.csv differs"]),
        ("errors.csv", lambda text: None, ["errors.csv is missing"]),
        # how long a training took is never the same; in another table it would have to be
        ("trainings.csv", lambda text: text.replace(",9", ",8"), []),
        ("trainings.csv", lambda text: text.replace("0.25", "0.26"), ["trainings.csv differs"]),
        ("errors.csv", lambda text: text.replace(",9", ",8"), ["errors.csv differs"]),
    ],
)
def test_a_changed_digit_is_noticed(tmp_path, name, change, noticed):
    (tmp_path / "reference").mkdir()
    for each in ("errors.csv", "trainings.csv"):
        (tmp_path / "reference" / each).write_text("model,rmse,wall_s\na,0.5,9\nb,0.25,9\n")
    shutil.copytree(tmp_path / "reference", tmp_path / "tables")
    text = change((tmp_path / "tables" / name).read_text())
    if text is None:
        (tmp_path / "tables" / name).unlink()
    else:
        (tmp_path / "tables" / name).write_text(text)
    assert differences(tmp_path / "tables", tmp_path / "reference") == noticed


def test_the_telling_line_is_found():
    text = "rule a:\nError in rule measure_md:\n    exit code 137\n====\nerror: /x/y/train.csv: the file is empty\n====\n"
    assert what_is_seen(Outcome(1, text, 0.0), {"/x/": ""}) == "error: y/train.csv: the file is empty"
    assert what_is_seen(Outcome(0, "Nothing to be done (all there)", 0.0), {}) == "nothing to be done"
    assert what_is_seen(Outcome(-9, "some jobs\n", 0.0), {}) == "nothing"
    assert has_traceback("Traceback (most recent call last):\n") and not has_traceback(text)


def test_the_document_tells_of_every_fault_and_of_lost_data(tmp_path):
    record = {"name": FAULTS[0].name, "seed": 3, "wall_s": 60, "status": 1, "seen": "error: a | b", "traceback": False}
    record |= {"completes": "again", "cure": None, "differ": []}
    lost = record | {"name": FAULTS[1].name, "differ": ["errors.csv differs"]}
    assert survived(record) and not survived(lost)
    write_document(tmp_path / "page.md", FAULTS, {each["name"]: each for each in (record, lost)})
    page = (tmp_path / "page.md").read_text()
    assert all(fault.sentence in page for fault in FAULTS)
    assert f"2 of {len(FAULTS)} faults" in page and "| **lost data** (tables incomplete or different in the end) | 1 |" in page
    assert "@" not in page.replace("@300K", "")


def test_a_record_cut_short_is_passed_over(tmp_path):
    (tmp_path / "faults.jsonl").write_text('{"name": "a", "seed": 1}\n{"name": "b", "se')
    assert list(read_records(tmp_path / "faults.jsonl")) == ["a"]


def test_the_document_keeps_the_rates_of_the_mutants(tmp_path):
    page = tmp_path / "page.md"
    write_document(page, FAULTS, {})
    page.write_text(page.read_text().replace("<!-- mutants -->\n", "<!-- mutants -->\n| statistics | 9 |\n"))
    write_document(page, FAULTS, {})
    assert "<!-- mutants -->\n| statistics | 9 |\n<!-- /mutants -->" in page.read_text()
