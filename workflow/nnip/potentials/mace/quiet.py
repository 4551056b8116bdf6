"""Imports mace without two lines it says every time; import this before any other module of mace.

They are that an accelerator nobody asked for is not installed (cuequivariance), printed, and that torch.load reads e3nn's constants as it
always did (mace sets TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD), a warning. Whatever else the import says is passed on.
"""

import contextlib
import io
import warnings

_said = io.StringIO()
with contextlib.redirect_stdout(_said), warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="Environment variable TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
    # mace before e3nn, whose import needs what mace sets in the environment
    import mace.tools.cg  # noqa: F401
for _line in _said.getvalue().splitlines():
    if not _line.startswith("cuequivariance or cuequivariance_torch is not available"):
        print(_line)
