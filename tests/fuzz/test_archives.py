"""Archives that attack or are damaged: nothing outside of the folder is touched, and what is taken out is right."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from gnet_audit.errors import ExitStatus
from gnet_audit.live.download import Archive, download
from gnet_audit.live.stl10 import Member
from tests.fuzz.bounds import answered, fuzzed

FILES = {"X.bin": bytes(range(256)) * 40, "y.bin": b"\x01\x02", "names.txt": b"airplane\n"}


def md5(content: bytes) -> str:
    """As the authors publish it."""
    return hashlib.md5(content).hexdigest()  # noqa: S324


MEMBERS = tuple(
    Member(name=name, size=None if name == "names.txt" else len(content), md5="" if name == "names.txt" else md5(content))
    for name, content in FILES.items()
)  # fmt: skip
EVIL = str(Path(tempfile.gettempdir(), "gnet_audit_fuzz_evil"))
"""Nothing must ever be there."""
KINDS = [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.CONTTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.GNUTYPE_SPARSE, tarfile.XHDTYPE, tarfile.XGLTYPE, b"Z", b"\xff"]  # fmt: skip
NAMES = [*(f"stl10_binary/{name}" for name in FILES), "./stl10_binary/X.bin", "../evil", EVIL, "stl10_binary/../../evil", "stl10_binary/unlabeled_X.bin", "stl10_binary", "", "x" * 300, "é\udcff", "stl10_binary/X.bin/"]  # fmt: skip
CONTENTS = [*FILES.values(), b"", b"x" * 100_000, b"30 path=stl10_binary/X.bin    \n", b"21 size=99999999999999\n", b"10 size=x\n", b"99999999999 path=a\n", b"0 a=b\n", b"-5 a=b\n", b"15 mtime=1e999\n", b"28 GNU.sparse.major=1\n", b"25 GNU.sparse.size=1000\n", b"\x00" * 600]  # fmt: skip
ENTRIES = st.tuples(
    st.sampled_from([KINDS[0], KINDS[0], KINDS[0], *KINDS]), st.sampled_from(NAMES), st.sampled_from(CONTENTS),
    st.one_of(st.none(), st.none(), st.none(), st.sampled_from([0, 1, 511, 10**6, 2**33, 2**62])),
    st.sampled_from(["", "../../evil", "/etc/passwd", "X.bin"]),
)  # fmt: skip
Entry = tuple[bytes, str, bytes, int | None, str]
PATCHES = st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=4), st.booleans()), max_size=3)
BOMB = gzip.compress(bytes(64 << 20), 1)
"""64 MiB of zeros; forty of them are 2.5 GiB."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place for the files."""
    return tmp_path_factory.mktemp("archives") / "around" / "data"


def packed(entries: list[Entry], *, whole: bool, patches: list[tuple[int, bytes, bool]], cut: int, bombs: int) -> bytes:
    """An archive with these entries, among them the right ones if `whole`; then some bytes changed."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for kind, name, data, size, link in entries:
            add(tar, kind, name, data, size, link)
        for name, data in FILES.items() if whole else ():
            add(tar, tarfile.REGTYPE, f"stl10_binary/{name}", data, None, "")
    plain = bytearray(content.getvalue())
    for place, raw, compressed in patches:
        if not compressed:
            at = place % len(plain)
            plain[at : at + len(raw)] = raw
            repair(plain, at // 512 * 512)
    result = bytearray(gzip.compress(bytes(plain), 1) + BOMB * bombs)
    for place, raw, compressed in patches:
        if compressed:
            at = place % len(result)
            result[at : at + len(raw)] = raw
    return bytes(result[: len(result) - cut % len(result) if cut else len(result)])


def add(tar: tarfile.TarFile, kind: bytes, name: str, data: bytes, size: int | None, link: str) -> None:
    """One entry, whatever its header says."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.size = kind, link, len(data) if size is None else size
    tar.fileobj.write(entry.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape"))
    tar.fileobj.write(data + bytes(-len(data) % 512))


def repair(plain: bytearray, at: int) -> None:
    """Make the checksum of a header right again, so that what it says is believed."""
    header = plain[at : at + 512]
    if header[257:262] == b"ustar":
        header[148:156] = b" " * 8
        plain[at + 148 : at + 156] = f"{sum(header):06o}\0 ".encode()


@given(
    st.lists(ENTRIES, max_size=4), st.booleans(), st.one_of(st.just([]), PATCHES), st.one_of(st.just(0), st.just(0), st.integers(0, 1 << 16)),
    st.sampled_from([0] * 20 + [40]),
)  # fmt: skip
@fuzzed
def test_an_archive_is_refused_or_gives_what_was_published(
    folder: Path, entries: list[Entry], whole: bool, patches: list[tuple[int, bytes, bool]], cut: int, bombs: int
) -> None:
    content = packed(entries, whole=whole, patches=patches, cut=cut, bombs=bombs)
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.mkdir(parents=True)
    archive = Archive(url="http://127.0.0.1:1/a.tar.gz", size=len(content), md5=md5(content), members=MEMBERS)
    part = folder / ".a.tar.gz.part"
    part.write_bytes(content)
    done = answered(lambda: list(download(folder, archive)), ExitStatus.UNAVAILABLE, seconds=20.0)
    event(f"extracted: {done is not None}, a bomb: {bool(bombs)}")
    assert [path.name for path in folder.parent.iterdir()] == ["data"]
    assert not Path(EVIL).exists()
    held = {path.name: path for path in folder.iterdir()}
    if done is None:
        assert set(held) <= {part.name}
        assert entries or patches or cut or not whole
        return
    assert set(held) == set(FILES)
    assert all(path.is_file() and not path.is_symlink() for path in held.values())
    for member in MEMBERS:
        if member.md5:
            assert held[member.name].read_bytes() == FILES[member.name]
    assert held["names.txt"].stat().st_size <= 1 << 20
