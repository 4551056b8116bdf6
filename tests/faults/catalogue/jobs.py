"""Faults of the processes of jobs: they are killed, told to end, or get no memory."""

import os
import resource
import signal

from catalogue.fault import fault

JOB = "a job's process is killed"


@fault(JOB)
def nequip_training_killed(bench):
    """SIGKILL to a NequIP training after its first checkpoint."""
    bench.lose("runs/nequip-a*/train")
    yield bench.kill_job(bench.start(), "train_model.py", after="runs/nequip-a*/train/checkpoints/*.pt")


@fault(JOB)
def mace_training_killed(bench):
    """SIGKILL to a MACE training after its first checkpoint."""
    bench.lose("runs/mace-a*/train")
    yield bench.kill_job(bench.start(), "train_model.py", after="runs/mace-a*/train/checkpoints/*.pt")


@fault(JOB)
def nequip_command_killed(bench):
    """SIGKILL to the nequip-train command inside a training, after its first checkpoint."""
    bench.ask_for("trainings", "errors")
    bench.lose("runs/nequip-a*/train")
    yield bench.kill_job(bench.start(), "nequip-train", after="runs/nequip-a*/train/checkpoints/*.pt")


@fault(JOB)
def mace_command_killed(bench):
    """SIGKILL to the mace command inside a training, after its first checkpoint."""
    bench.ask_for("trainings", "errors")
    bench.lose("runs/mace-a*/train")
    yield bench.kill_job(bench.start(), "mace.launcher", after="runs/mace-a*/train/checkpoints/*.pt")


@fault(JOB)
def mace_command_killed_twice(bench):
    """SIGKILL to the mace command inside a training, and again to the one that is started in its place, both before any checkpoint."""
    bench.ask_for("trainings", "errors")
    bench.lose("runs/mace-a*/train")
    running = bench.start()
    first = bench.until(lambda: bench.job("mace.launcher"), running)[0]
    os.kill(first, signal.SIGKILL)
    second = bench.until(lambda: [pid for pid in bench.job("mace.launcher") if pid != first], running)[0]
    os.kill(second, signal.SIGKILL)
    yield running.end()
    bench.lose("runs/mace-a*/train")
    yield "the folder of the training that table trainings calls failed is removed"


@fault(JOB)
def evaluation_killed(bench):
    """SIGKILL to the evaluation of a model."""
    bench.lose("runs/mace-a*/errors")
    yield bench.kill_job(bench.start(), "--name errors")


@fault(JOB)
def landscape_killed(bench):
    """SIGKILL to a landscape after its first line."""
    bench.lose("runs/nequip-a*/landscape-isotropic")
    yield bench.kill_job(bench.start(), "--name landscape", after="runs/nequip-a*/landscape-isotropic/checkpoints/*.pt")


@fault(JOB)
def plane_killed(bench):
    """SIGKILL to a plane after its first row."""
    bench.lose("runs/mace-a*/planes")
    yield bench.kill_job(bench.start(), "--name planes", after="runs/mace-a*/planes/checkpoints/*.pt")


@fault(JOB)
def nequip_md_killed(bench):
    """SIGKILL to the MD of a NequIP model on its way."""
    bench.lose("runs/nequip-a*/md")
    yield bench.kill_job(bench.start(), "--name md", after="runs/nequip-a*/md/checkpoints/*.pt")


@fault(JOB)
def mace_md_told_to_end(bench):
    """SIGTERM to the MD of a MACE model, as a batch system sends at the end of the wall time."""
    bench.lose("runs/mace-a*/md")
    yield bench.kill_job(bench.start(), "--name md", after="runs/mace-a*/md/checkpoints/*.pt", number=signal.SIGTERM)


@fault(JOB)
def md_out_of_memory(bench):
    """The MD of a MACE model gets no more memory (its limit is set to what it has)."""
    bench.lose("runs/mace-a*/md")
    running = bench.start()
    bench.until(lambda: bench.found_now("runs/mace-a*/md/checkpoints/*.pt"), running)
    for pid in bench.job("--name md")[:1]:
        resource.prlimit(pid, resource.RLIMIT_AS, (1, 1))
    yield running.end()


@fault(JOB)
def table_job_killed(bench):
    """SIGKILL to the job that gathers a table from the runs."""
    bench.lose("tables/landscape.csv")
    yield bench.kill_job(bench.start(), "gather_table.py")


@fault(JOB)
def statistics_job_killed(bench):
    """SIGKILL to the job that computes survival curves."""
    bench.lose("tables/survival.csv")
    yield bench.kill_job(bench.start(), "analyse.py")


@fault(JOB)
def figure_job_killed(bench):
    """SIGKILL to the job that draws a figure."""
    bench.lose("figures/*")
    yield bench.kill_job(bench.start(), "draw_figure.py")
