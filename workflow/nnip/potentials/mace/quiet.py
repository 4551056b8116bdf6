"""Imports mace without two lines of output; import this before any other module of mace.

One line is printed: the optional accelerator cuequivariance is not installed. The other is a warning: mace sets
TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD, so that torch.load can read e3nn's constants. All other output of the import is passed on.
"""

import contextlib
import io
import warnings

_output = io.StringIO()
with contextlib.redirect_stdout(_output), warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="Environment variable TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
    # mace before e3nn: the import of e3nn needs a variable that mace sets in the environment
    import mace.tools.cg  # noqa: F401
for _line in _output.getvalue().splitlines():
    if not _line.startswith("cuequivariance or cuequivariance_torch is not available"):
        print(_line)
