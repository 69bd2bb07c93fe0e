"""Fetching the archive from a server that is slow, broken or hostile."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import threading
import tracemalloc
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gnet_audit.errors import ExitStatus, GnetAuditError, UnavailableError
from gnet_audit.live import download as downloads
from gnet_audit.live.download import Archive, Progress, download
from gnet_audit.live.stl10 import Member

PART = ".stl10_binary.tar.gz.part"


def md5(content: bytes) -> str:
    """As the authors publish it."""
    return hashlib.md5(content).hexdigest()  # noqa: S324


FILES = {
    "train_X.bin": os.urandom(300_000),
    "train_y.bin": bytes(range(100)),
    "class_names.txt": b"airplane\nbird\n",
}
MEMBERS = tuple(
    Member(name=name, size=None if name.endswith("txt") else len(content), md5="" if name.endswith("txt") else md5(content))
    for name, content in FILES.items()
)  # fmt: skip


def packed(
    files: dict[str, bytes],
    *,
    extra: tuple[tarfile.TarInfo, ...] = (),
    filler: bytes = b"",
    folder: str = "stl10_binary",
) -> bytes:
    """An archive as the authors make it, behind members of other kinds."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        for entry in extra:
            tar.addfile(entry, io.BytesIO(filler or b"x" * entry.size))
        for name, data in files.items():
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return content.getvalue()


@dataclass
class Server:
    """A server on the loopback that serves one file, and may cut the connection after so many bytes."""

    content: bytes
    url: str = ""
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    status: int = 200
    asked: list[str] = field(default_factory=list)

    def archive(self) -> Archive:
        """What is fetched from it."""
        return Archive(url=self.url, size=len(self.content), md5=md5(self.content), members=MEMBERS)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server(content=packed({"unlabeled_X.bin": os.urandom(50_000), **FILES}))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            state.asked.append(asked)
            start = int(asked.removeprefix("bytes=").rstrip("-") or 0) if state.ranges else 0
            self.send_response(state.status if state.status != 200 else 206 if start else 200)
            self.send_header("Content-Length", str(len(state.content) - start))
            self.end_headers()
            stop = state.cuts.pop(0) if state.cuts else len(state.content)
            self.wfile.write(state.content[start:stop])

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state.url = f"http://127.0.0.1:{http.server_port}/stl10_binary.tar.gz"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        http.shutdown()
        thread.join()


def fetch(folder: Path, archive: Archive) -> list[Progress]:
    """All records of a download."""
    return list(download(folder, archive, pause=0))


def names(folder: Path) -> set[str]:
    """What a folder holds."""
    return {path.name for path in folder.iterdir()}


def refused(folder: Path, archive: Archive) -> GnetAuditError:
    """How a download fails: one line, status 3, no member and no temporary file left."""
    with pytest.raises(UnavailableError) as caught:
        fetch(folder, archive)
    assert "\n" not in caught.value.line
    assert caught.value.status is ExitStatus.UNAVAILABLE
    assert names(folder) - {PART} == set()
    return caught.value


def held(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_only_the_members_needed_are_kept(server: Server, tmp_path: Path) -> None:
    records = fetch(tmp_path / "new", server.archive())
    assert held(tmp_path / "new") == FILES
    assert list(dict.fromkeys(record.stage for record in records)) == [
        "fetching",
        "checking",
        "extracting",
    ]
    assert records[-1].done == sum(map(len, FILES.values()))


def test_a_cut_connection_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.cuts = [1_000, 60_000, 200_000]
    fetch(tmp_path, server.archive())
    assert held(tmp_path) == FILES
    assert server.asked == ["", "bytes=1000-", "bytes=60000-", "bytes=200000-"]


def test_a_server_without_ranges_sends_it_all_again(server: Server, tmp_path: Path) -> None:
    server.cuts, server.ranges = [1_000], False
    fetch(tmp_path, server.archive())
    assert held(tmp_path) == FILES


def test_another_process_resumes_what_was_left(server: Server, tmp_path: Path) -> None:
    server.cuts = [50_000] * 9
    refused(tmp_path, server.archive())
    assert (tmp_path / PART).stat().st_size == 50_000
    server.cuts = []
    fetch(tmp_path, server.archive())
    assert held(tmp_path) == FILES
    assert server.asked[-1] == "bytes=50000-"


def test_files_that_are_right_already_are_not_fetched(server: Server, tmp_path: Path) -> None:
    fetch(tmp_path, server.archive())
    server.asked.clear()
    assert fetch(tmp_path, server.archive()) == []
    assert server.asked == []


def test_a_damaged_file_is_fetched_again(server: Server, tmp_path: Path) -> None:
    fetch(tmp_path, server.archive())
    (tmp_path / "train_y.bin").write_bytes(bytes(100))
    fetch(tmp_path, server.archive())
    assert held(tmp_path) == FILES


def test_a_wrong_checksum_removes_what_was_fetched(server: Server, tmp_path: Path) -> None:
    error = refused(tmp_path, replace(server.archive(), md5="0" * 32))
    assert error.what == "wrong checksum; what was fetched is removed"
    assert names(tmp_path) == set()


def test_a_server_with_another_file_is_told_before_its_bytes_are_taken(server: Server, tmp_path: Path) -> None:
    error = refused(tmp_path, replace(server.archive(), size=len(server.content) + 1))
    assert error.what == "the server has another file"
    assert error.got == f"{len(server.content):,}"


def test_a_page_that_is_not_there_is_asked_for_once(server: Server, tmp_path: Path) -> None:
    server.status = 404
    assert "404" in refused(tmp_path, server.archive()).what
    assert len(server.asked) == 1


def test_a_server_in_trouble_is_asked_again_and_then_given_up(server: Server, tmp_path: Path) -> None:
    server.status = 503
    refused(tmp_path, server.archive())
    assert len(server.asked) == downloads.TRIES


def test_no_network_is_one_line(server: Server, tmp_path: Path) -> None:
    error = refused(tmp_path, replace(server.archive(), url="http://127.0.0.1:9/stl10_binary.tar.gz"))
    assert error.what == "cannot fetch: Connection refused"


Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - the shape of shutil's own


def test_a_full_disk_is_told_before_the_transfer(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10, 9, 1))
    error = refused(tmp_path, server.archive())
    needed = len(server.content) + 300_000 + 100
    assert (error.what, error.expected, error.got) == ("not enough space on the disk", f"{needed:,} bytes free", "1")
    assert server.asked == []


# --- hostile and damaged archives --------------------------------------------------------------------------------


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    """A member with nine bytes, or a link."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = 9 if kind == tarfile.REGTYPE else 0
    return info


def test_a_member_that_climbs_out_of_the_folder_is_left_there(server: Server, tmp_path: Path) -> None:
    absolute = str(tmp_path / "absolute")
    escapes = ("../evil", absolute, "stl10_binary/../../evil", "../train_X.bin", "train_X.bin")
    server.content = packed(FILES, extra=tuple(map(entry, escapes)))
    home = tmp_path / "inner" / "home"
    home.mkdir(parents=True)
    fetch(home, server.archive())
    assert held(home) == FILES
    assert names(tmp_path) == {"inner"}
    assert names(tmp_path / "inner") == {"home"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_a_member_that_is_no_plain_file_is_refused(server: Server, tmp_path: Path, kind: bytes) -> None:
    server.content = packed(FILES, extra=(entry("stl10_binary/train_X.bin", kind, "/etc/passwd"),))
    assert refused(tmp_path, server.archive()).what == "bad archive: train_X.bin is no plain file"


def test_a_member_without_end_is_cut_at_its_published_size(server: Server, tmp_path: Path) -> None:
    server.content = packed({**FILES, "train_y.bin": bytes(10_000_000)})
    assert refused(tmp_path, server.archive()).what == "bad archive: train_y.bin is larger than 100 bytes"


def test_a_text_without_end_is_cut_as_well(server: Server, tmp_path: Path) -> None:
    server.content = packed({**FILES, "class_names.txt": bytes(2_000_000)})
    assert refused(tmp_path, server.archive()).what == "bad archive: class_names.txt is larger than 1,048,576 bytes"


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_without_end_takes_no_memory(server: Server, tmp_path: Path, kind: bytes) -> None:
    header = entry("stl10_binary/long", kind)
    header.size = 60_000_000
    server.content = packed(FILES, extra=(header,))
    tracemalloc.start()
    try:
        error = refused(tmp_path, server.archive())
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()
    assert error.what == "bad archive: cannot be read (a header without end)"


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_headers_without_end_are_refused(server: Server, tmp_path: Path, kind: bytes) -> None:
    server.content = packed(FILES, extra=(entry("stl10_binary/again", kind),) * 3_000)
    assert refused(tmp_path, server.archive()).what.startswith("bad archive: cannot be read (")


def sparse(numbers: bytes) -> tarfile.TarInfo:
    """A file with holes, which begins with a map of them."""
    info = tarfile.TarInfo("stl10_binary/x")
    info.size = len(numbers)
    info.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "x",
        "GNU.sparse.realsize": "1",
    }
    return info


def test_a_map_of_a_sparse_file_without_end_takes_no_memory(server: Server, tmp_path: Path) -> None:
    numbers = b"10000000\n" + b"0\n" * 10_000_000
    server.content = packed(FILES, extra=(sparse(numbers),), filler=numbers)
    tracemalloc.start()
    try:
        error = refused(tmp_path, server.archive())
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()
    assert error.what == "bad archive: cannot be read (a header without end)"


@pytest.mark.parametrize("numbers", [b"3\n0\n", b"3\nx\n", b"x\n"], ids=["too short", "no numbers", "no count"])
def test_a_damaged_map_of_a_sparse_file_is_refused(server: Server, tmp_path: Path, numbers: bytes) -> None:
    server.content = packed({}, extra=(sparse(numbers),), filler=numbers)
    assert refused(tmp_path, server.archive()).what.startswith("bad archive: ")


def test_nothing_is_written_through_a_link(server: Server, tmp_path: Path) -> None:
    precious, home = tmp_path / "precious", tmp_path / "home"
    precious.write_bytes(b"mine")
    home.mkdir()
    for name in (PART, *FILES):
        (home / name).symlink_to(precious)
    fetch(home, server.archive())
    assert precious.read_bytes() == b"mine"
    assert held(home) == FILES


def test_a_member_that_is_too_short_is_refused(server: Server, tmp_path: Path) -> None:
    server.content = packed({**FILES, "train_y.bin": b"1"})
    assert refused(tmp_path, server.archive()).what == "bad archive: train_y.bin has 1 bytes, not 100"


def test_a_member_with_other_bytes_is_refused(server: Server, tmp_path: Path) -> None:
    server.content = packed({**FILES, "train_y.bin": bytes(100)})
    assert "train_y.bin has another checksum" in refused(tmp_path, server.archive()).what


def test_an_archive_that_lacks_a_member_says_which(server: Server, tmp_path: Path) -> None:
    server.content = packed({name: data for name, data in FILES.items() if name != "train_y.bin"})
    assert refused(tmp_path, server.archive()).what == "bad archive: train_y.bin not in it"


@pytest.mark.parametrize("content", [b"<html>not found</html>", packed(FILES)[:200_000]])
def test_what_is_no_whole_archive_is_refused(server: Server, tmp_path: Path, content: bytes) -> None:
    server.content = content
    assert refused(tmp_path, server.archive()).what.startswith("bad archive")
