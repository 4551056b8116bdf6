"""A MACE network run by the kernels of NVIDIA's cuEquivariance (github.com/NVIDIA/cuEquivariance), on a GPU.

mace makes a second module that computes the same and arranges its weights in another way. The first module keeps the weights: those of the second
follow whenever they have changed.
"""

from importlib.util import find_spec

import torch
from mace.cli import convert_e3nn_cueq
from mace.tools.scripts_utils import extract_config_mace_model
from mace.tools.torch_tools import default_dtype

# the last two are imported by the kernels: without them cuEquivariance says nothing and runs code without kernels, which mace cannot use
PACKAGES = {
    "cuequivariance_torch": "cuequivariance-torch",
    "cuequivariance_ops_torch": "cuequivariance-ops-torch-cu12 or -cu13",
    "platformdirs": "platformdirs",
    "pynvml": "nvidia-ml-py",
}
CORRELATIONS = (2, 3)
CLOSE = 1e-4  # of the largest force, in eV/Å plus 1; forces of float32 networks agreed within 3e-6 eV/Å


def without_kernels(module: torch.nn.Module, device: torch.device) -> str | None:
    """Why cuEquivariance cannot run a network here, in words; None if it can."""
    if device.type != "cuda":
        return "for MACE models this study has compiled evaluation on a GPU only"
    if missing := [package for name, package in PACKAGES.items() if not find_spec(name)]:
        return f"the kernels for MACE on a GPU are not installed in its environment (missing: {', '.join(missing)})"
    if (correlation := extract_config_mace_model(module)["correlation"]) not in CORRELATIONS:
        return f"mace can give models of correlation {' and '.join(map(str, CORRELATIONS))} to cuEquivariance, not of {correlation}"
    return None


class Kernels:
    """Called like the module it was made from, whose weights it follows.

    RuntimeError if mace cannot convert the module, or if its forces then differ on `inputs`.
    """

    def __init__(self, module: torch.nn.Module, device: torch.device, inputs: dict[str, torch.Tensor]) -> None:
        config = extract_config_mace_model(module)
        self.module = module
        self.sizes = {
            "num_product_irreps": len(config["hidden_irreps"].slices()) - 1,
            "correlation": config["correlation"],
            "num_layers": config["num_interactions"],
            "keep_last_layer_irreps": config.get("keep_last_layer_irreps", False),
        }
        said = config["use_reduced_cg"]
        try:
            self._convert(device, said)
        except RuntimeError:
            # a module made where cuEquivariance was missing has the full basis of products, whatever it says
            self._convert(device, not said)
        ours, theirs = (run(inputs, training=False, compute_force=True)["forces"].detach() for run in (self, module))
        if (apart := float((ours - theirs).abs().max())) > CLOSE * (1 + float(theirs.abs().max())):
            raise RuntimeError(f"cuEquivariance's forces differ from mace's own by up to {apart:.2g} eV/Å")

    def _convert(self, device: torch.device, use_reduced_cg: bool) -> None:
        said, self.module.use_reduced_cg = getattr(self.module, "use_reduced_cg", False), use_reduced_cg
        try:
            with default_dtype(next(self.module.parameters()).dtype):
                self.fast = convert_e3nn_cueq.run(self.module, device=device.type).eval().requires_grad_(False)
        finally:
            self.module.use_reduced_cg = said
        self.sizes["use_reduced_cg"], self.seen = use_reduced_cg, self._versions()

    def __call__(self, inputs: dict[str, torch.Tensor], **options: bool) -> dict[str, torch.Tensor]:
        """The network's results."""
        if self.seen != (versions := self._versions()):
            convert_e3nn_cueq.transfer_weights(self.module, self.fast, **self.sizes)
            self.seen = versions
        return self.fast(inputs, **options)

    def _versions(self) -> list[int]:
        """A number for each weight tensor that grows with every change in place (nnip.landscape.weights makes no others)."""
        return [parameter._version for parameter in self.module.parameters()]
