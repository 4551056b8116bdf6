"""Published files, downloaded or copied from a mirror; their content is always checked against workflow/data_sources.csv."""

import csv
import http.client
import os
import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path

from nnip.jobs.errors import InputError
from nnip.jobs.files import git_blob_id, sha256, whole

SOURCES = Path(__file__).resolve().parents[2] / "data_sources.csv"
ATTEMPTS = 4
PAUSE_S = 2.0
TIMEOUT_S = 60.0


def fetch(dataset: str, file: str, mirror: str | os.PathLike[str] | None, directory: str | os.PathLike[str]) -> Path:
    """Put a published file into `directory` and return its path; a file with the right content that is already there is reused.

    With `mirror` the file is <mirror>/<dataset>/<file>; without, it is downloaded. InputError for a file that data_sources.csv does not list, for
    one that the mirror lacks, for a failed download, and for content with another checksum. No file is left behind after an error.
    """
    source = find(dataset, file)
    target = Path(directory) / file
    if target.exists() and not mismatches(target, source):
        return target
    with whole(target) as temporary:
        if mirror is None:
            origin = source["url_pattern"].format(**source)
            download(origin, temporary)
        else:
            origin = str(Path(mirror) / dataset / file)
            copy_from_mirror(Path(origin), temporary)
        if wrong := mismatches(temporary, source):
            raise InputError(f"{origin}: not the published file {dataset}/{file} ({'; '.join(wrong)}); nothing was kept")
    return target


def find(dataset: str, file: str) -> dict[str, str]:
    """The row of data_sources.csv for one file; InputError lists the known files."""
    with open(SOURCES, newline="", encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table) if row["dataset"] == dataset]
    for row in rows:
        if row["file"] == file:
            return row
    known = ", ".join(row["file"] for row in rows) or "none at all"
    raise InputError(f"{SOURCES.name} lists no file {file!r} of dataset '{dataset}'; it lists {known}")


def mismatches(path: Path, source: dict[str, str]) -> list[str]:
    """The checksums of a file that differ from its row: one text per checksum, with expected and found."""
    wrong = []
    for name, checksum in (("git_blob_id", git_blob_id), ("sha256", sha256)):
        if source[name] and (found := checksum(path)) != source[name]:
            wrong.append(f"{name} expected {source[name]}, found {found}")
    return wrong


def copy_from_mirror(origin: Path, target: Path) -> None:
    """Copy one file from the mirror; InputError naming its path if the mirror lacks it."""
    try:
        shutil.copyfile(origin, target)
    except FileNotFoundError:
        raise InputError(f"{origin}: the mirror lacks this file; put it there, or use files that the mirror has") from None
    except OSError as error:
        raise InputError(f"{origin}: the mirror's file cannot be read ({error})") from None


def download(url: str, target: Path) -> None:
    """Download one address; errors of the network and the server (5xx, 429) are retried, others are an InputError at once."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer, open(target, "wb") as file:
                shutil.copyfileobj(answer, file)
            if (expected := answer.headers.get("Content-Length")) and target.stat().st_size != int(expected):
                raise ConnectionError(f"{target.stat().st_size} of {expected} bytes came")
            return
        except (OSError, http.client.HTTPException) as error:
            lasting = isinstance(error, urllib.error.HTTPError) and error.code < 500 and error.code != http.HTTPStatus.TOO_MANY_REQUESTS
            if lasting or attempt == ATTEMPTS:
                raise InputError(
                    f"{url}: download failed after {attempt} attempts ({error}); "
                    "without a network, fetch the file elsewhere and give its folder as `mirror` (<mirror>/<dataset>/<file>)"
                ) from None
            time.sleep(PAUSE_S * 2 ** (attempt - 1))
