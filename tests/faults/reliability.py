"""docs/reliability.md: what a user can rely on, and the table of the faults."""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from catalogue import Fault

TEXT = Path(__file__).with_name("reliability.md.in")
MUTANTS = re.compile(r"<!-- mutants -->.*?<!-- /mutants -->", re.DOTALL)  # what make mutants writes, and keeps its place


def read_records(file: Path) -> dict[str, dict[str, Any]]:
    """The last record of each fault by its name; a line that a crash cut short is passed over."""
    records = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        records[record["name"]] = record
    return records


def survived(record: dict[str, Any]) -> bool:
    """Whether the study was complete and equal to the undisturbed one in the end."""
    return record["completes"] != "never" and not record["differ"]


def write_document(path: Path, faults: Sequence[Fault], records: dict[str, dict[str, Any]]) -> None:
    """Write the document: the text beside this module, with the totals and a table for every kind of fault in it."""
    ran = {name: record for name, record in records.items() if "not_run" not in record}
    n_silent = sum(bool(record.get("silent")) for record in ran.values())
    n_idle = sum(record.get("jobs") == 0 for record in ran.values())
    minutes = sum(record["wall_s"] for record in ran.values()) / 60
    count = {ending: sum(record["completes"] == ending for record in ran.values()) for ending in ("at once", "again", "cured", "never")}
    totals = [
        f"{len(ran)} of {len(faults)} faults were done (seed {', '.join(sorted({str(record['seed']) for record in ran.values()})) or 'none'}), "
        f"in {minutes:.0f} minutes after the undisturbed study.",
        "",
        "| | faults |",
        "|---|---|",
        f"| the command completed although the fault happened to it | {count['at once']} |",
        f"| the same command, given again, completed | {count['again']} |",
        f"| it completed after what the table names had been done | {count['cured']} |",
        f"| it never completed | {count['never']} |",
        f"| all tables equal to the undisturbed study's in the end | {sum(survived(record) for record in ran.values())} |",
        f"| **lost data** (tables incomplete or different in the end) | {sum(not survived(record) for record in ran.values())} |",
        f"| tables that differed while no command said so, until they were made again | {n_silent} |",
        f"| of all these, with no job in the last run: the tables were not made again, so equal ones say little | {n_idle} |",
        f"| a Python traceback among what the user saw | {sum(record['traceback'] for record in ran.values())} |",
    ]
    tables = []
    for kind in dict.fromkeys(fault.kind for fault in faults):
        tables += [
            "",
            f"### {kind[0].upper()}{kind[1:]}",
            "",
            "| fault | what the user sees | completes | jobs | tables equal |",
            "|---|---|---|---|---|",
        ]
        tables += [_row(fault, records.get(fault.name)) for fault in faults if fault.kind == kind]
    text = TEXT.read_text(encoding="utf-8").replace("@TOTALS@", "\n".join(totals)).replace("@TABLES@", "\n".join(tables).strip())
    if path.exists() and (rates := MUTANTS.search(path.read_text(encoding="utf-8"))):
        text = MUTANTS.sub(lambda _: rates[0], text)
    temporary = path.with_suffix(".md.new")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def _row(fault: Fault, record: dict[str, Any] | None) -> str:
    if record is None:
        return f"| {fault.sentence} | not run in this campaign | | | |"
    if "not_run" in record:
        return f"| {fault.sentence} | not run: {record['not_run']} | | | |"
    seen = _cell(record["seen"]) + (" (with a traceback)" if record["traceback"] else "")
    words = {"at once": "yes, that very run", "again": "yes", "never": "**no**"}
    completes = words.get(record["completes"], f"after: {record['cure']}")
    if record["completes"] == "cured" and record.get("silent"):
        completes = f"yes; mended after: {record['cure']}"
    if record["completes"] == "cured" and not record.get("silent") and record.get("then") and record["then"] != record["seen"]:
        seen += f"; then: {_cell(record['then'])}"
    equal = "yes" if not record["differ"] else f"**no**: {'; '.join(record['differ'])}"
    if record.get("silent"):
        equal = f"**not until mended**: {record['then']}" if not record["differ"] else equal
    return f"| {fault.sentence} | {seen} | {completes} | {record.get('jobs', '')} | {equal} |"


def _cell(words: str) -> str:
    return words if words in ("nothing", "no error", "nothing to be done") else "`" + words.replace("|", "\\|").replace("`", "'") + "`"
