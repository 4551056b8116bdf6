"""What is generated from declarations says what they say."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("page", "function"), [("config/README.md", "config_page"), ("docs/tables.md", "tables_page")])
def test_a_generated_page_is_up_to_date(page, function):
    made = runpy.run_path(str(ROOT / "workflow/scripts/write_documents.py"))[function]()
    assert (ROOT / page).read_text() == made, "run workflow/scripts/write_documents.py"
