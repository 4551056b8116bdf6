"""Faults of the disk: it is full, or cannot be written to."""

import subprocess
import time

from bench import mount

from catalogue.fault import fault

DISK = "the disk"


@fault(DISK, lasts=True)
def disk_full_in_training(bench):
    """The disk fills up while a model trains."""
    bench.ask_for("trainings", "errors")
    bench.lose("runs/mace-a*/train")
    with bench.small_disk(60) as enlarge:
        yield bench.run()
        enlarge()
        yield "space is made"


@fault(DISK, lasts=True)
def disk_full_in_md(bench):
    """The disk is full when an MD starts."""
    bench.lose("runs/nequip-a*/md")
    with bench.small_disk(0) as enlarge:
        yield bench.run()
        enlarge()
        yield "space is made"


@fault(DISK, lasts=True)
def disk_full_at_tables(bench):
    """The disk is full when tables and figures are made."""
    bench.lose("tables/*.csv", "figures/*")
    with bench.small_disk(0) as enlarge:
        yield bench.run()
        enlarge()
        yield "space is made"


@fault(DISK, lasts=True)
def disk_full_for_checkpoints(bench):
    """The disk is full of something else while a landscape is scanned, and has space again when it ends."""
    bench.lose("runs/mace-a*/landscape-isotropic")
    with bench.small_disk(2000) as enlarge:
        running = bench.start()
        bench.until(lambda: bench.found_now("runs/mace-a*/landscape-isotropic/checkpoints/*.pt"), running)
        bench.fill("filler")
        time.sleep(1)
        (bench.folder / "results" / "filler").unlink()
        yield running.end()
        enlarge()
        yield "space is made"


@fault(DISK, lasts=True)
def results_read_only(bench):
    """The results are on a disk that is mounted read-only."""
    bench.lose("runs/mace-a*/errors")
    results = str(bench.folder / "results")
    mount("--bind", results, results)
    try:
        mount("-o", "remount,bind,ro", results)
        yield bench.run()
    finally:
        subprocess.run(["umount", results], check=True)
    yield "the disk is mounted for writing"
