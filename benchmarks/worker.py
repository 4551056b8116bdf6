"""A job that is told how many units of a work to do: a line with a number on its input, a line on its output when they are done (threads.py)."""

import os
import sys
import warnings

import model_options


def main() -> None:
    parser = model_options.parser(__doc__)
    parser.add_argument("work", choices=["md", "landscape"])
    arguments = parser.parse_args()
    import landscape
    import md
    import torch
    from subject import subjects

    from nnip.md.velocities import initial_momenta

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    warnings.filterwarnings("ignore", message=".*TorchScript.*|.*torch.jit.*|.*cuEquivariance.*")
    subject = next(subjects(arguments.training, arguments.frames, arguments.start, arguments.options, "cpu"))
    options, start = arguments.options["md"], subject.start()
    momenta = initial_momenta(start, options["initial_velocities"], options["temperature_K"], range(options["n_replicas"]))
    works = {"md": lambda n: md.run_ours(subject, start, momenta, n), "landscape": lambda n: landscape.measured(subject, n)}
    print("ready", flush=True)
    for line in sys.stdin:
        works[arguments.work](int(line))
        print("done", flush=True)


if __name__ == "__main__":
    main()
