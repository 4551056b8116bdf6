"""The fault campaign: a small real study of both frameworks, one fault after another, and the same command after each. `make faults`

Results are JSON lines in <folder>/faults.jsonl; a campaign that was interrupted, or whose time was up, resumes from them. At the end
docs/reliability.md is written again. Linux only; the faults of the disk need root.
"""

import argparse
import os
import shutil
import time
import traceback
from pathlib import Path
from random import Random
from typing import Any

from bench import ROOT, Bench, write_line
from catalogue import FAULTS, Fault, NotHereError
from reliability import read_records, write_document
from running import Outcome, jobs_run
from seen import has_traceback, what_is_seen

from nnip.jobs.errors import run
from nnip.jobs.files import alone_in


def judge(bench: Bench, fault: Fault) -> dict[str, Any]:
    """Inject one fault into the finished study and record the result.

    completes: at once (the run repaired any harm), again (the same command), cured (after the cure in `cure`), or never
    """
    steps = fault.inject(bench)
    disturbed = next(steps)
    assert isinstance(disturbed, Outcome)
    record: dict[str, Any] = {
        "status": disturbed.status,
        "seen": what_is_seen(disturbed, bench.places()),
        "traceback": has_traceback(disturbed.output),
    }
    outcome, completes, cure = disturbed, "at once", None
    if outcome.status and not fault.lasts:
        outcome, completes = bench.run(), "again"
        record["traceback"] |= has_traceback(outcome.output)
    differ = bench.compare() if outcome.status == 0 else ["the command does not complete"]
    if differ:
        before = what_is_seen(outcome, bench.places()) if outcome.status else "; ".join(differ)
        record |= {"then": before, "silent": outcome.status == 0}
        cure = next(steps, None)
        if cure:
            outcome, completes = bench.run(), "cured"
            differ = bench.compare() if outcome.status == 0 else [what_is_seen(outcome, bench.places())]
    if outcome.status:
        completes = "never"
    steps.close()
    return record | {"completes": completes, "cure": cure, "differ": differ, "jobs": jobs_run(outcome.output)}


def run_campaign(bench: Bench, faults: list[Fault], seed: int, minutes: float, file: Path) -> None:
    end = time.monotonic() + 60 * minutes
    print(f"the undisturbed study, in {bench.undisturbed}", flush=True)
    bench.prepare()
    for fault in faults:
        if time.monotonic() > end:
            print(f"{minutes:g} minutes are up; the same command goes on with {fault.name}", flush=True)
            return
        started = time.monotonic()
        bench.random = Random(f"{seed} {fault.name}")
        bench.restore()
        try:
            record = judge(bench, fault)
        except NotHereError as reason:
            record = {"not_run": str(reason)}
        except Exception:
            # a failure of the campaign is not a result: it is shown, and the fault is tried again next time
            traceback.print_exc()
            continue
        finally:
            bench.sweep()
        record = {"name": fault.name, "seed": seed, "wall_s": round(time.monotonic() - started, 1)} | record
        write_line(file, record)
        print({key: value for key, value in record.items() if value not in (None, [], False)}, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "results" / "faults", help="where the study and the results are (removed with --from-start)"
    )
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these faults alone, again if they were done before")
    parser.add_argument("--seed", type=int, default=1, help="of the moments at which faults happen")
    parser.add_argument("--minutes", type=float, default=60, help="after which no further fault is begun")
    parser.add_argument("--from-start", action="store_true", help="remove an earlier campaign")
    parser.add_argument("--list", action="store_true", help="list the faults and do nothing")
    parser.add_argument("--document", type=Path, default=ROOT / "docs" / "reliability.md")
    arguments = parser.parse_args()
    names = [fault.name for fault in FAULTS]
    if unknown := set(arguments.only) - set(names):
        parser.error(f"no fault is named {', '.join(sorted(unknown))}; --list lists them")
    if arguments.list:
        print("\n".join(f"{fault.name:42} {fault.sentence}" for fault in FAULTS))
        return
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    folder = arguments.folder.resolve()
    if arguments.from_start:
        shutil.rmtree(folder, ignore_errors=True)
    file = folder / "faults.jsonl"
    done = read_records(file)
    faults = [fault for fault in FAULTS if (fault.name in arguments.only if arguments.only else fault.name not in done)]
    try:
        with alone_in(folder):
            run_campaign(Bench(folder, Random(arguments.seed)), faults, arguments.seed, arguments.minutes, file)
    finally:
        write_document(arguments.document, FAULTS, read_records(file))
        print(f"written: {arguments.document}")


if __name__ == "__main__":
    run(main)
