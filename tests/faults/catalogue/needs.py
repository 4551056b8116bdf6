"""Faults of what jobs need: GPUs, interpreters, packages, downloads, a cluster."""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from bench import ROOT

from catalogue.fault import NotHereError, fault

NEEDS = "what jobs need is missing"
MIRROR = ROOT.parent / "shared" / "mirror"


@fault(NEEDS, lasts=True)
def no_gpu(bench):
    """The config asks for a GPU on a machine without one."""
    if any(Path("/dev").glob("nvidia[0-9]*")):
        raise NotHereError("this machine has a GPU")
    bench.configure(device="cuda")
    yield bench.run()
    bench.configure()
    yield "`device: cpu` in the config, as the message says"


@fault(NEEDS, lasts=True)
def interpreter_missing(bench):
    """The interpreter that the config names for a framework is gone."""
    bench.lose("runs/nequip-a*/errors")
    program = bench.own_interpreter("nequip")
    content = program.read_text()
    program.unlink()
    yield bench.run()
    program.write_text(content)
    program.chmod(0o755)
    yield "the interpreter is put back"


@fault(NEEDS)
def environment_truncated(bench):
    """The environment that the workflow made for a framework has lost its interpreter, though it is marked as ready."""
    bench.lose("runs/mace-a*/errors")
    program = bench.own_interpreter("mace")
    program.unlink()
    yield bench.run()
    shutil.rmtree(program.parents[1])
    yield "the environment's folder is removed, so that it is made again"


@fault(NEEDS, lasts=True)
def packages_missing(bench):
    """A framework's environment has lost its packages."""
    bench.lose("runs/mace-a*/md")
    interpreter = bench.own_interpreter("mace")
    content = interpreter.read_text()
    interpreter.write_text(content.replace("exec ", "exec env ").replace(' "$@"', ' -S "$@"'))
    yield bench.run()
    interpreter.write_text(content)
    yield "the packages are put back"


@fault(NEEDS, lasts=True)
def download_truncated(bench):
    """A downloaded data set is cut in half on its way (read from a mirror)."""
    if not MIRROR.is_dir():
        raise NotHereError("the released 3BPA files are not beside the project")
    mirror = bench.scratch / "mirror" / "3bpa"
    shutil.rmtree(mirror, ignore_errors=True)
    mirror.mkdir(parents=True)
    for name in ("train_300K.xyz", "train_mixedT.xyz"):
        shutil.copy(MIRROR / "3bpa" / name, mirror / name)
    source = {"source": "3bpa", "train": {"file": "train_300K.xyz"}, "test": {"300K": {"file": "train_mixedT.xyz", "frames": "0:6"}}}
    bench.configure(study="downloaded", dataset="3bpa", datasets={"3bpa": source}, mirror=str(mirror.parent))
    whole = (mirror / "train_300K.xyz").read_bytes()
    bench.targets = ["results/downloaded/data/manifest.json"]
    bench.run()
    made = bench.folder / "results/downloaded/data"
    reference = json.loads((made / "manifest.json").read_text())["files"]
    shutil.rmtree(made)
    (mirror / "train_300K.xyz").write_bytes(whole[: len(whole) // 2])
    bench.compare = lambda: [] if json.loads((made / "manifest.json").read_text())["files"] == reference else ["the frames differ"]
    yield bench.run()
    (mirror / "train_300K.xyz").write_bytes(whole)
    yield "the whole file is there"


@fault(NEEDS)
def slurm_daemon_killed(bench):
    """On SLURM: the controller (slurmctld) is killed while an MD runs, and started again after a quarter of a minute."""
    sys.path.insert(0, str(ROOT / "tests/cluster"))
    from one_node_slurm import OneNodeSlurm, why_not

    if why_not():
        raise NotHereError(why_not())
    shutil.rmtree(bench.scratch / "slurm", ignore_errors=True)
    node = OneNodeSlurm(bench.scratch / "slurm", cpus=4)
    try:
        node.start()
        bench.environment |= node.environment
        (bench.folder / "partitions.yaml").write_text("partitions: {cpu: {max_runtime: 1440, max_gpu: 0}, gpu: {max_runtime: 1440, max_gpu: 2}}\n")
        site = "--slurm-partition-config partitions.yaml --slurm-status-command squeue --slurm-init-seconds-before-status-checks 1 --latency-wait 10"
        bench.profile = ["slurm", *site.split()]
        bench.lose("runs/mace-a*/md")
        running = bench.start()
        bench.until(lambda: bench.found_now("runs/mace-a*/md/checkpoints/*.pt"), running)
        os.kill(int((node.folder / "slurmctld.pid").read_text()), signal.SIGKILL)
        time.sleep(15)
        node._run("slurmctld")
        yield running.end()
    finally:
        node.stop()
