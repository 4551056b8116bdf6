"""Faults of the whole run: it is stopped, killed, or started twice."""

import signal

from bench import Bench

from catalogue.fault import fault

RUN = "the whole run is stopped"
UNLOCK = "the same command with `--unlock` once, as the message says"


def unlock(bench: Bench) -> str:
    bench.run("--unlock")
    return UNLOCK


@fault(RUN)
def snakemake_told_to_end(bench):
    """SIGTERM to snakemake while an MD runs."""
    bench.lose("runs/nequip-a*/md")
    running = bench.start()
    bench.until(lambda: bench.found_now("runs/nequip-a*/md/checkpoints/*.pt"), running)
    running.send(signal.SIGTERM)
    yield running.end()


@fault(RUN)
def control_c(bench):
    """Ctrl-C in the terminal (SIGINT to snakemake and all its jobs) while a model trains."""
    bench.ask_for("trainings", "errors")
    bench.lose("runs/nequip-a*/train")
    running = bench.start()
    bench.until(lambda: bench.found_now("runs/nequip-a*/train/checkpoints/*.pt"), running)
    running.send(signal.SIGINT, whole_group=True)
    yield running.end()
    yield unlock(bench)


@fault(RUN)
def terminal_closed(bench):
    """The terminal is closed (SIGHUP to snakemake and all its jobs) while a landscape is scanned."""
    bench.lose("runs/nequip-a*/landscape-isotropic")
    running = bench.start()
    bench.until(lambda: bench.found_now("runs/nequip-a*/landscape-isotropic/checkpoints/*.pt"), running)
    running.send(signal.SIGHUP, whole_group=True)
    yield running.end()
    yield unlock(bench)


@fault(RUN)
def machine_stops(bench):
    """All processes die at once (SIGKILL to snakemake and all its jobs), as in a power failure, while an MD runs."""
    bench.lose("runs/mace-a*/md")
    running = bench.start()
    bench.until(lambda: bench.found_now("runs/mace-a*/md/checkpoints/*.pt"), running)
    running.send(signal.SIGKILL, whole_group=True)
    yield running.end()
    yield unlock(bench)


@fault(RUN)
def machine_stops_in_data(bench):
    """All processes die at once while the frames are made."""
    bench.ask_for("trainings", "errors")
    bench.lose("data", "runs", "tables/errors.csv")
    running = bench.start()
    bench.until(lambda: bench.found_now("data/chunks/*.json"), running)
    running.send(signal.SIGKILL, whole_group=True)
    yield running.end()
    yield unlock(bench)


@fault(RUN)
def snakemake_killed(bench):
    """SIGKILL to snakemake alone while an MD runs, which outlives it; the command is given again at once."""
    bench.lose("runs/nequip-a*/md")
    running = bench.start()
    bench.until(lambda: bench.found_now("runs/nequip-a*/md/checkpoints/*.pt"), running)
    running.send(signal.SIGKILL)
    yield running.end()
    yield unlock(bench)


@fault(RUN)
def snakemake_killed_at_tables(bench):
    """SIGKILL to snakemake alone while it makes tables."""
    bench.lose("tables/*.csv")
    running = bench.start()
    bench.until(lambda: bench.job("gather_table.py"), running)
    running.send(signal.SIGKILL)
    yield running.end()
    yield unlock(bench)


@fault(RUN)
def two_at_once(bench):
    """The command is given a second time while the first still runs."""
    bench.lose("runs/mace-a*/md")
    first = bench.start()
    bench.until(lambda: bench.job("--name md"), first)
    second = bench.run()
    assert second.status != 0, "two runs at once were let in"
    assert first.end().status == 0, "the second run disturbed the first"
    yield second
