"""A real SLURM on this machine for as long as a test runs: munged, slurmctld and slurmd with files, ports and keys of their own in one folder.

Debian's packages: munge slurmctld slurmd slurm-client. It needs root, but no systemd, no database and nothing in /etc. The node claims
eight CPUs and two GPUs (device files that exist everywhere), each of which two jobs may share. Memory limits hold where cgroups (version 1)
can be made.
"""

import contextlib
import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = ("munged", "munge", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "sinfo")
CGROUPS = Path("/sys/fs/cgroup")
STAND_IN_GPUS = ("/dev/null", "/dev/zero")


def why_not() -> str | None:
    """Why no SLURM can be started here, in words; None if it can."""
    if os.geteuid() != 0:
        return "slurmd needs root"
    missing = [name for name in PROGRAMS if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")]
    return f"not installed: {', '.join(missing)} (Debian: apt-get install munge slurmctld slurmd slurm-client)" if missing else None


def memory_can_be_limited() -> bool:
    return os.access(CGROUPS / "memory", os.W_OK) and (CGROUPS / "memory" / "memory.limit_in_bytes").exists()


def free_ports(n: int) -> list[int]:
    sockets = [socket.socket() for _ in range(n)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class OneNodeSlurm:
    """A running SLURM in a folder; its commands find it by the variables in `environment`."""

    def __init__(self, folder: Path, cpus: int = 8) -> None:
        self.folder = folder
        self.cpus = cpus
        self.environment = {
            **os.environ,
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}:/usr/sbin:/sbin",
        }
        self.host = socket.gethostname().split(".")[0]

    def start(self, patience_s: float = 30) -> None:
        for name in ("state", "spool", "munge", "bin"):
            (self.folder / name).mkdir(parents=True, mode=0o755)
        self._write_configuration()
        self._write_srun()
        self._start_munge()
        self._run("slurmctld", "-c")
        self._run("slurmd", "-N", self.host)
        end = time.monotonic() + patience_s
        while (state := self._run("sinfo", "--noheader", "--format=%T", check=False).split("\n")[0]) != "idle":
            if time.monotonic() > end:
                logs = "\n".join(f"{log}:\n{log.read_text()[-2000:]}" for log in self.folder.glob("*.log"))
                raise RuntimeError(f"the node is '{state}' after {patience_s} s\n{logs}")
            time.sleep(0.2)

    def stop(self, patience_s: float = 20) -> None:
        self._run("scancel", "--user", getpass.getuser(), check=False)
        pids = [int(file.read_text()) for name in ("slurmd", "slurmctld", "munged") if (file := self.folder / f"{name}.pid").exists()]
        end = time.monotonic() + patience_s
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < end:
                time.sleep(0.2)

    def jobs(self) -> dict[int, dict[str, str]]:
        """What `scontrol show job` knows of every job so far: id -> {JobState, Partition, TRES, TimeLimit, Comment, ...}."""
        lines = [line for line in self._run("scontrol", "--oneliner", "show", "job", check=False).splitlines() if line.startswith("JobId=")]
        found = [dict(re.findall(r"(\S+?)=(.*?)(?=\s+\S+?=|\s*$)", line)) for line in lines]
        return {int(job["JobId"]): job for job in found}

    def queue(self) -> str:
        """The output of squeue: id, partition, state, time, limit, CPUs, memory, GPUs, comment."""
        return self._run("squeue", "--format=%.6i %.9P %.10T %.6M %.10l %.4C %.7m %.18b %k")

    def _run(self, *command: str, check: bool = True) -> str:
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=60)
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr or done.stdout}")
        return done.stdout

    def _start_munge(self) -> None:
        place = self.folder / "munge"
        (place / "key").write_bytes(os.urandom(128))
        (place / "key").chmod(0o400)
        files = {"key-file": place / "key", "socket": place / "socket", "log-file": place / "log", "seed-file": place / "seed"}
        options = [f"--{name}={path}" for name, path in files.items()]
        self._run("munged", "--force", *options, f"--pid-file={self.folder / 'munged.pid'}")

    def _write_srun(self) -> None:
        """A job of the plugin calls srun without any SLURM_* variable, so it would look for its configuration in /etc."""
        srun = self.folder / "bin" / "srun"
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {shutil.which("srun")} "$@"\n')
        srun.chmod(0o755)

    def _write_configuration(self) -> None:
        controller_port, node_port = free_ports(2)
        limited = memory_can_be_limited()
        memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 - 1024
        (self.folder / "gres.conf").write_text(
            "".join(f"NodeName={self.host} Name=gpu File={file}\n" for file in STAND_IN_GPUS)
            + "".join(f"NodeName={self.host} Name=shard Count=2 File={file}\n" for file in STAND_IN_GPUS)
        )
        (self.folder / "cgroup.conf").write_text(f"CgroupPlugin=cgroup/v1\nCgroupMountpoint={CGROUPS}\nConstrainRAMSpace=yes\nAllowedSwapSpace=0\n")
        (self.folder / "slurm.conf").write_text(f"""\
ClusterName=test
SlurmctldHost={self.host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={self.folder}/munge/socket
CredType=cred/munge
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool
SlurmctldPidFile={self.folder}/slurmctld.pid
SlurmdPidFile={self.folder}/slurmd.pid
SlurmctldLogFile={self.folder}/slurmctld.log
SlurmdLogFile={self.folder}/slurmd.log
# one machine may promise more CPUs than it has
SlurmdParameters=config_overrides
SwitchType=switch/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/{"cgroup" if limited else "none"}
ReturnToService=2
KillWait=5
# finished jobs stay visible: there is no accounting database
MinJobAge=7200
SchedulerParameters=bf_interval=1,batch_sched_delay=1,sched_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
GresTypes=gpu,shard
NodeName={self.host} NodeAddr=127.0.0.1 CPUs={self.cpus} RealMemory={memory_mb} Gres=gpu:2,shard:4 State=UNKNOWN
PartitionName=cpu Nodes={self.host} Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes={self.host} MaxTime=INFINITE State=UP
""")
