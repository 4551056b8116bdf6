"""Published files: found in the list, checked by content, never half there."""

import http.server
import threading
from pathlib import Path

import pytest

from nnip.data import download
from nnip.data.download import fetch
from nnip.jobs.errors import InputError
from nnip.jobs.files import git_blob_id

HELLO = b"hello\n"
HELLO_BLOB = "ce013625030ba8dba906f756967f9e9ca394464a"  # printf 'hello\n' | git hash-object --stdin
HELLO_SHA256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """A list of sources with one file, hello.txt, at an address that a test can set; the mirror's folder is tmp_path/mirror."""
    table = tmp_path / "data_sources.csv"

    def write(address="http://127.0.0.1:9/{commit}/{file}", blob=HELLO_BLOB, digest=HELLO_SHA256):
        table.write_text(f"dataset,file,url_pattern,commit,git_blob_id,sha256,licence\nset,hello.txt,{address},abc,{blob},{digest},MIT\n")

    write()
    monkeypatch.setattr(download, "SOURCES", table)
    monkeypatch.setattr(download, "PAUSE_S", 0.0)
    mirror = tmp_path / "mirror" / "set"
    mirror.mkdir(parents=True)
    (mirror / "hello.txt").write_bytes(HELLO)
    return write


@pytest.fixture
def server():
    """A local server: answers holds the status of each coming request, the last one for ever; paths collects what was asked."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server.paths.append(self.path)
            status, claimed = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
            self.send_response(status)
            self.send_header("Content-Length", str(claimed))
            self.end_headers()
            self.wfile.write(HELLO)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.answers, server.paths = [(200, len(HELLO))], []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def address(server):
    return f"http://127.0.0.1:{server.server_address[1]}/{{commit}}/{{file}}"


def left_behind(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


def test_git_blob_id_is_gits(tmp_path):
    (tmp_path / "hello.txt").write_bytes(HELLO)
    assert git_blob_id(tmp_path / "hello.txt") == HELLO_BLOB


def test_a_good_file_comes_from_the_mirror(tmp_path, sources):
    path = fetch("set", "hello.txt", tmp_path / "mirror", tmp_path / "out")
    assert path == tmp_path / "out" / "hello.txt"
    assert path.read_bytes() == HELLO


@pytest.mark.parametrize(("blob", "digest"), [(HELLO_BLOB, ""), ("", HELLO_SHA256)])
def test_one_corrupt_byte_is_refused_by_either_checksum(tmp_path, sources, blob, digest):
    sources(blob=blob, digest=digest)
    (tmp_path / "mirror" / "set" / "hello.txt").write_bytes(b"hellO\n")
    with pytest.raises(InputError, match=r"mirror/set/hello\.txt.*expected (ce0136|5891b5).*found [0-9a-f]{40}"):
        fetch("set", "hello.txt", tmp_path / "mirror", tmp_path / "out")
    assert left_behind(tmp_path / "out") == []


def test_a_corrupt_file_in_the_directory_is_replaced(tmp_path, sources):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "hello.txt").write_bytes(b"hel")
    assert fetch("set", "hello.txt", tmp_path / "mirror", tmp_path / "out").read_bytes() == HELLO


def test_a_file_that_the_mirror_lacks_is_named(tmp_path, sources):
    (tmp_path / "mirror" / "set" / "hello.txt").unlink()
    with pytest.raises(InputError, match=r"mirror/set/hello\.txt: the mirror lacks this file"):
        fetch("set", "hello.txt", tmp_path / "mirror", tmp_path / "out")
    assert left_behind(tmp_path / "out") == []


def test_an_unlisted_file_is_told_what_there_is(tmp_path, sources):
    with pytest.raises(InputError, match=r"no file 'bye\.txt' of dataset 'set'; it lists hello\.txt"):
        fetch("set", "bye.txt", None, tmp_path)


def test_download_tries_again_after_a_server_error_and_a_cut_transfer(tmp_path, sources, server):
    sources(address(server))
    server.answers = [(503, len(HELLO)), (200, len(HELLO) + 10), (200, len(HELLO))]
    server.daemon_threads = True
    assert fetch("set", "hello.txt", None, tmp_path / "out").read_bytes() == HELLO
    assert server.paths == ["/abc/hello.txt"] * 3


def test_download_is_checked_too(tmp_path, sources, server):
    sources(address(server), digest=HELLO_SHA256.replace("5", "6"))
    with pytest.raises(InputError, match=r"/abc/hello\.txt: not the published file.*sha256 expected 6891.*found 5891"):
        fetch("set", "hello.txt", None, tmp_path / "out")
    assert left_behind(tmp_path / "out") == []


def test_a_file_that_is_not_there_is_asked_for_once(tmp_path, sources, server):
    sources(address(server))
    server.answers = [(404, len(HELLO))]
    with pytest.raises(InputError, match=r"/abc/hello\.txt: download failed after 1 attempts.*404.*mirror"):
        fetch("set", "hello.txt", None, tmp_path / "out")
    assert len(server.paths) == 1
    assert left_behind(tmp_path / "out") == []


def test_the_tracked_list_is_complete():
    with open(download.SOURCES, newline="") as table:
        rows = list(download.csv.DictReader(table))
    assert {row["dataset"] for row in rows} == {"3bpa", "ani-al", "published", "silicon-re"}
    assert len({(row["dataset"], row["file"]) for row in rows}) == len(rows)
    for row in rows:
        assert row["url_pattern"].startswith("https://") and row["licence"]
        assert len(row["commit"]) == 40 and len(row["git_blob_id"]) == 40 and len(row["sha256"]) in (0, 64)
