"""How many bad inputs the tests of hostile input refused; this file comes last of them."""

from pathlib import Path

import pytest
from hostile import REFUSED


def test_more_than_two_thousand_bad_inputs_were_refused(request):
    asked = {item.path.name for item in request.session.items}
    if not {path.name for path in Path(__file__).parent.glob("test_hostile_*.py")} <= asked or request.config.option.keyword:
        pytest.skip("counts what all files of hostile inputs refused")
    assert set(REFUSED) == {"config", "model table", "extxyz", "no file", "table", "manifest", "archive", "download"}
    assert min(REFUSED.values()) >= 40, REFUSED
    assert REFUSED.total() >= 2000, REFUSED
    print(f"refused: {REFUSED.total()}, {dict(REFUSED)}")
