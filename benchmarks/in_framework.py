"""The comparisons and curves of one framework's model in one process, as JSON: run by the interpreter of .venv-bench/<framework>."""

import os
import warnings
from pathlib import Path

import model_options


def main() -> None:
    parser = model_options.parser(__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="duration of one side in one round; 0: as few units as possible")
    parser.add_argument("--only", nargs="*", default=["md", "landscape", "curves"])
    parser.add_argument("--output", required=True, type=Path)
    arguments = parser.parse_args()
    # torch reads this when it is imported
    threads = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))
    import curves
    import landscape
    import md
    import torch
    from rounds import compare
    from subject import subjects

    from nnip.jobs.files import write_json

    torch.set_num_threads(threads)
    warnings.filterwarnings("ignore", message=".*TorchScript.*|.*torch.jit.*|.*cuEquivariance.*")
    made, costs = [], []
    for subject in subjects(arguments.training, arguments.frames, arguments.start, arguments.options, arguments.device):
        device = subject.potential.device.type
        common = {"framework": subject.framework, "path": subject.path, "device": device, "threads": threads}
        common["judged_by"] = "cpu" if device == "cpu" else "wall"
        for work, unit, module in (("MD of 30 replicas", "step of 30 replicas", md), ("landscape", "point", landscape)):
            if module.__name__ in arguments.only:
                sides, missing = module.sides(subject)
                made += compare(sides, missing, arguments.rounds, arguments.seconds, work=work, unit=unit, **common)
        if "curves" in arguments.only:
            costs += list(curves.curves(subject, short=arguments.seconds < 1))
    write_json(arguments.output, {"rows": made, "curves": costs})


if __name__ == "__main__":
    main()
