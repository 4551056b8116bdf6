"""What is generated from the schemas says what the schemas say."""

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_config_readme_is_up_to_date():
    document = runpy.run_path(str(ROOT / "workflow/scripts/document_config.py"))["document"]
    assert (ROOT / "config/README.md").read_text() == document(), "run workflow/scripts/document_config.py > config/README.md"
