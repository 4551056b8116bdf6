"""Faults of what Snakemake remembers, and of the logs."""

import os
import shutil

from catalogue.fault import fault

MEMORY = "Snakemake's own files and the logs"


@fault(MEMORY)
def logs_deleted(bench):
    """The log folder is deleted when an MD is still to be run."""
    shutil.rmtree(bench.folder / "logs")
    bench.lose("runs/mace-a*/md")
    yield bench.run()


@fault(MEMORY)
def logs_deleted_while_running(bench):
    """The log folder is deleted while an MD runs."""
    bench.lose("runs/nequip-a*/md")
    running = bench.start()
    bench.until(lambda: bench.found_now("runs/nequip-a*/md/checkpoints/*.pt"), running)
    shutil.rmtree(bench.folder / "logs")
    yield running.end()


@fault(MEMORY)
def metadata_deleted(bench):
    """Snakemake's records of what made the results (.snakemake/metadata) are deleted."""
    shutil.rmtree(bench.folder / ".snakemake/metadata")
    yield bench.run()


@fault(MEMORY)
def metadata_corrupted(bench):
    """Snakemake's records of what made the results are cut in half."""
    for path in (bench.folder / ".snakemake/metadata").rglob("*"):
        if path.is_file():
            os.truncate(path, path.stat().st_size // 2)
    yield bench.run()


@fault(MEMORY)
def snakemake_folder_deleted(bench):
    """All that Snakemake remembers (.snakemake) is deleted."""
    shutil.rmtree(bench.folder / ".snakemake")
    yield bench.run()


@fault(MEMORY)
def incomplete_marks_corrupted(bench):
    """Snakemake's marks of unfinished files name files that never were, in bytes that are no names."""
    folder = bench.folder / ".snakemake/incomplete"
    folder.mkdir(exist_ok=True)
    (folder / "not base64 at all").write_bytes(bench.random.randbytes(50))
    (folder / "bm8gc3VjaCBmaWxl").touch()
    bench.lose("tables/survival.csv")
    yield bench.run()
