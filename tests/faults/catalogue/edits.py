"""Faults of somebody who edits the config or the code while it runs."""

import signal

from catalogue.fault import fault

EDITS = "somebody edits while it runs"


@fault(EDITS)
def config_edited(bench):
    """The config is changed while the MD runs (fewer replicas), and changed back before the command is given again."""
    bench.lose("runs/nequip-a*/md")
    running = bench.start()
    bench.until(lambda: bench.job("--name md"), running)
    bench.configure(md=bench.config["md"] | {"n_replicas": 2})
    outcome = running.end()
    bench.configure()
    yield outcome if outcome.status else bench.run()


@fault(EDITS)
def config_broken(bench):
    """The config becomes unreadable while the MD runs, before the jobs that make the tables."""
    bench.lose("runs/mace-a*/md")
    running = bench.start()
    bench.until(lambda: bench.job("--name md"), running)
    (bench.folder / "study.yaml").write_text("study: [small\n")
    yield running.end()
    bench.configure()
    yield "the config is put right"


@fault(EDITS)
def library_touched(bench):
    """The workflow's code gets new file times, but no new content, while a landscape is scanned."""
    bench.lose("runs/mace-a*/landscape-isotropic")
    running = bench.start()
    bench.until(lambda: bench.job("--name landscape"), running)
    for path in (bench.repository / "workflow").rglob("*.py"):
        path.touch()
    yield running.end()


@fault(EDITS)
def library_edited_after_an_interruption(bench):
    """All processes die while an MD runs, and the MD's code is another one when the command is given again."""
    bench.lose("runs/mace-a*/md")
    module = bench.repository / "workflow/nnip/md/simulation.py"
    running = bench.start()
    bench.until(lambda: bench.found_now("runs/mace-a*/md/checkpoints/*.pt"), running)
    running.send(signal.SIGKILL, whole_group=True)
    running.end()
    module.write_bytes(module.read_bytes() + b"\n# another version\n")
    yield bench.run()
