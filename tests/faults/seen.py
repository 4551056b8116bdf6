"""What of a run's output tells its user what happened, in one line, without this machine's paths."""

import re

from running import Outcome

# the most telling first: our own words, then those of programs, then snakemake's
TELLING = (
    r"^\s*(error: .*(?:\n(?!\s*(?:$|\[|=)).*){0,2})",
    r"^((?!RuleException|LockException|WorkflowError|CalledProcessError)\w*(?:Error|Exception)\b(?:: |:?\n).*)",
    r"(Directory cannot be locked.*\n.*\n.*)",
    r"^(?:WorkflowError|(?!Rule)\w+Exception)[^\n]*\n(?!At least one job)(.*)",
    r"(\S+ (?:No such file or directory|command not found))",
    r"(Terminating processes on user request|Will exit after finishing currently running jobs[^\n]*)",
)
LONGEST = 230


def has_traceback(output: str) -> bool:
    return "Traceback (most recent call last)" in output


def what_is_seen(outcome: Outcome, places: dict[str, str]) -> str:
    """The first of the telling lines, or how the run ended; `places` are folders to be left out, and what is written for them."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", outcome.output)
    if outcome.status == 0:
        return "nothing to be done" if "Nothing to be done" in text else "no error"
    for pattern in TELLING:
        if found := re.search(pattern, text, flags=re.MULTILINE):
            words = " ".join(found.group(1).split())
            break
    else:
        words = _rule(text) if "Error in rule" in text else "nothing" if outcome.status < 0 else f"exit status {outcome.status}"
    for place, name in sorted(places.items(), key=lambda item: -len(item[0])):
        words = words.replace(place, name)
    words = re.sub(r"[0-9a-f]{40,}", "...", words)
    return words if len(words) <= LONGEST else words[:LONGEST].rsplit(" ", 1)[0] + " ..."


def _rule(text: str) -> str:
    """The rule that failed, and how its job ended."""
    rule = re.search(r"^Error in rule (\w+)", text, flags=re.MULTILINE)
    how = (
        re.search(r"died with <Signals\.(\w+): \d+>", text)
        or re.search(r"\s(Killed|Terminated)\s", text)
        or re.search(r"(?:exit code|status) (\d+)", text)
    )
    return f"Error in rule {rule.group(1) if rule else '?'}" + (f" ({how.group(1)})" if how else "")
