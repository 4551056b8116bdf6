"""The bench's arithmetic, files and page from times that are known; nothing is timed."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def modules(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield
    for name in ("rounds", "records", "report", "machine", "start_up", "planning_curve", "paper_size", "threads"):
        sys.modules.pop(name, None)


def times_of(*walls):
    from rounds import Times

    return Times(list(walls), [wall / 2 for wall in walls], [1.0] * len(walls))


def test_ratios_are_of_times_of_the_same_round():
    from rounds import Side, rows

    sides = {"ours": Side(print), "slow": Side(print, 3.0), "absent": Side(print, note="why")}
    slow, absent = rows({"ours": times_of(1, 2, 4), "slow": times_of(4, 4, 8)}, sides, judged_by="wall")
    assert (slow["wall_ratio"], slow["wall_ratio_min"], slow["wall_ratio_max"]) == (2, 2, 4)
    assert (slow["ours_wall_s"], slow["other_wall_s"], slow["ours_cpu_s"], slow["rounds"]) == (2, 4, 1, 3)
    assert absent["wall_ratio"] is None and absent["note"] == "why"


def test_sides_take_turns_and_do_whole_multiples():
    from rounds import Side, take_turns

    calls = []
    sides = {name: Side(lambda n, name=name: calls.append((name, n)), least=least, most=10) for name, least in (("a", 2), ("b", 3))}
    take_turns(sides, rounds=2, seconds=0)
    assert calls == [("a", 2), ("b", 3), ("b", 3), ("a", 2)]
    calls.clear()
    take_turns(sides, rounds=1, seconds=1)
    assert calls[-2:] == [("a", 10), ("b", 9)], "as many as fit below the most"


def test_files_keep_rows_of_other_measurements(tmp_path, monkeypatch):
    import records

    monkeypatch.setattr(records, "RESULTS", tmp_path / "results")
    row = dict.fromkeys(records.COLUMNS["comparisons"]) | {"work": "MD", "against": "x", "wall_ratio": 2.0}
    records.update("cpu", "comparisons", [row, row | {"against": "y"}])
    records.update("cpu", "comparisons", [row | {"wall_ratio": 3.0}])
    read = records.read(records.file_of("cpu", "comparisons"))
    assert [(each["against"], each["wall_ratio"]) for each in read] == [("x", 3.0), ("y", 2.0)]
    assert read[0]["framework"] is None


def test_a_kind_of_machine_is_a_file_name():
    import machine

    assert machine.file_name("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz 2 cores") == "intel-xeon-e5-2680-v4-2-cores"
    assert machine.file_name("NVIDIA H100 80GB HBM3") == "nvidia-h100-80gb-hbm3"
    assert machine.kind("cpu").endswith("-cores")


def test_the_page_names_what_falls_short_and_the_gpu_that_is_missing(tmp_path, monkeypatch):
    import records

    import report

    monkeypatch.setattr(records, "RESULTS", tmp_path / "results")
    common = dict.fromkeys(records.COLUMNS["comparisons"]) | {"path": "plain", "judged_by": "cpu", "device": "cpu", "rounds": 3, "load_1min": 0.5}
    common |= {"ours_cpu_s": 1.0, "work": "landscape", "unit": "point", "target": 10.0}
    reached = common | {"framework": "mace", "against": "slow", "other_cpu_s": 11.0, "cpu_ratio": 11.0, "cpu_ratio_min": 10.5, "cpu_ratio_max": 12.0}
    missed = reached | {"framework": "nequip", "other_cpu_s": 5.0, "cpu_ratio": 5.0, "cpu_ratio_min": 4.0, "cpu_ratio_max": 6.0}
    absent = common | {"framework": "nequip", "against": "none", "note": "cannot run", "target": None}
    records.update("a-cpu", "comparisons", [reached, missed, absent])
    curve = {"framework": "mace", "path": "plain", "curve": "replicas", "cost_s": 1.0, "part_s": 0.1, "at_once": 1, "device": "cpu"}
    records.update("a-cpu", "curves", [curve | {"x": 1}, curve | {"x": 10, "cost_s": 4.0}])
    report.write(tmp_path)
    page = (tmp_path / "performance.md").read_text()
    assert "| landscape | slow | nequip, plain | 10 | 5.00 (4.00 to 6.00) **short** |  |" in page
    assert "| landscape | slow | mace, plain | 10 | 11.00 (10.50 to 12.00) |  |" in page
    assert "cannot run" in page and f"a GPU ({report.NO_GPU})" in page
    assert "**landscape, against slow** on a-cpu: nequip plain 5.00 (4.00 to 6.00) of 10.\nThere is no profile yet." in page
    assert "mace plain 11" not in page.split("## What falls short")[1]
    assert (tmp_path / "performance-ratios.png").stat().st_size > 1000 < (tmp_path / "performance-curves.png").stat().st_size
    assert "{" not in page


def test_the_meter_tells_imports_from_work_also_in_forks_and_commands(tmp_path):
    """A process that imports slowly, works, forks a worker, and calls a command through a function of its own, as trainings do."""
    import start_up

    records, modules = tmp_path / "records", tmp_path / "modules"
    records.mkdir()
    modules.mkdir()
    burn = "import time\ndef burn(s):\n    end = time.process_time() + s\n    while time.process_time() < end: sum(range(2000))\n"
    (modules / "burning.py").write_text(burn)
    (modules / "slow.py").write_text("import burning\nburning.burn(0.4)\n")
    (modules / "sitecustomize.py").write_text((BENCHMARKS / "meter/sitecustomize.py").read_text())
    child = "import burning; burning.burn(0.3)"
    main = (
        "import os, subprocess, sys, burning\nimport slow\nburning.burn(0.3)\n"
        "if os.fork() == 0:\n    burning.burn(0.2)\n    os._exit(0)\nos.wait()\n"
        f"subprocess.run([sys.executable, '-c', {child!r}], check=True, preexec_fn=lambda: None)\n"
    )
    total = start_up.cpu_of_tree([sys.executable, "-c", main], tmp_path, {start_up.METER: str(records), "PYTHONPATH": str(modules)}, tmp_path / "log")
    read = list(start_up.read_records(records))
    assert len(read) == 3 and {kind for kind, *_ in read} == {"job"}
    importing, working = sum(each[2] for each in read), sum(each[3] for each in read)
    assert importing == pytest.approx(0.4, abs=0.1) and working == pytest.approx(0.8, abs=0.15)
    assert importing + working < total
    row = start_up.row("small", total, 1.0, 1, 0.0, read)
    assert row["cpu_ratio"] == pytest.approx(working / total, rel=1e-3)


def test_planning_tables_have_the_asked_number_of_models():
    import planning_curve

    assert len(planning_curve.models(10)["models"]) == 10


def test_the_lock_lists_hold_the_frameworks_own_versions():
    """The bench compares with what the study uses: its environments add packages and change none."""
    for framework in ("nequip", "mace"):
        own, bench = (
            {line.split()[0] for line in (BENCHMARKS.parent / "envs" / f"{name}.lock.txt").read_text().splitlines() if "==" in line}
            for name in (framework, f"bench-{framework}")
        )
        assert own <= bench


def test_a_failed_study_is_an_error(tmp_path):
    import start_up

    with pytest.raises(RuntimeError, match="no such study"):
        start_up.cpu_of_tree([sys.executable, "-c", "raise SystemExit('no such study')"], tmp_path, {}, tmp_path / "log")
    assert subprocess.run(["true"], check=False).returncode == 0


WORKER = """
import os, sys
print("ready", flush=True)
for line in sys.stdin:
    if int(line) > 1000: sys.exit(3)
    with open(sys.argv[1], "a") as log: print(sys.argv[2], os.environ["OMP_NUM_THREADS"], int(line), file=log)
    print("done", flush=True)
"""


def test_jobs_of_one_thread_share_what_one_job_of_all_threads_does_alone(tmp_path):
    from threads import do, rows, worker

    log = tmp_path / "log"
    command = [sys.executable, "-c", WORKER, str(log)]
    made = rows(command, 3, 2, 0.0, framework="mace", path="plain", device="cpu")
    assert [(row["work"], row["threads"], row["judged_by"], row["rounds"]) for row in made] == [
        ("MD of 30 replicas, 3 jobs", 3, "wall", 2),
        ("landscape, 3 jobs", 3, "wall", 2),
    ]
    done = sorted(log.read_text().splitlines())
    assert done == sorted(2 * [*3 * ["md 1 5"], *3 * ["md 3 5"], *3 * ["landscape 1 60"], *3 * ["landscape 3 60"]])
    with pytest.raises(RuntimeError, match="ended with 3"), worker(command, "md", 1) as one:
        do([one], 1001)


def test_times_that_the_start_up_hides_are_blank():
    from paper_size import each

    assert each(10.0, 14.0, 8) == 0.5
    assert each(10.0, 9.9, 8) is None
