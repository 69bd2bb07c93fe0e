"""Fetching STL-10: a transfer that resumes, checksums, and an extraction that writes only what is needed."""

from __future__ import annotations

import errno
import gzip
import hashlib
import http.client
import math
import os
import shutil
import tarfile
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gnet_audit.errors import UnavailableError
from gnet_audit.live.stl10 import BLOCK, MEMBERS, Member, md5

TRIES = 5
"""Attempts in a row that bring no byte before the transfer is given up."""
SECONDS = 60
"""How long a silent server is waited for."""
LIMIT = 1 << 20
"""Bytes that a member of unknown size, or a header, may have at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An archive to fetch, and the members to take out of it."""

    url: str
    size: int
    md5: str
    members: tuple[Member, ...]
    folder: str = "stl10_binary"
    """The folder within the archive."""


STL10 = Archive(
    url="http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz",
    size=2_640_397_119,
    md5="91f7769df0f17e558f3565bffb0c7dfb",
    members=MEMBERS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far one stage of the download is, in bytes."""

    stage: str
    done: int
    total: int


def download(folder: Path, archive: Archive = STL10, *, pause: float = 1.0) -> Iterator[Progress]:
    """Fetch, check and extract, with a record for each block; nothing is done for files that are right already."""
    with _disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if all(_right(folder / member.name, member) for member in archive.members):
            return
        part = folder / f".{Path(archive.url).name}.part"
        if part.is_symlink():
            part.unlink()  # nothing is written through a link that somebody put there
        _need_room(folder, archive, _size(part))
        yield from _fetch(part, archive, pause)
        yield from _verify(part, archive)
        yield from _extract(part, folder, archive)
        part.unlink()


def _right(file: Path, member: Member) -> bool:
    if not file.is_file() or member.size not in {None, _size(file)}:
        return False
    return not member.md5 or md5(file) == member.md5


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        what = "no space left on the disk" if full else f"cannot write: {error.strerror or error}"
        raise UnavailableError(what, where=str(folder)) from error


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _need_room(folder: Path, archive: Archive, had: int) -> None:
    need = archive.size - had + sum(member.size or 0 for member in archive.members)
    free = shutil.disk_usage(folder).free
    if free < need:
        raise UnavailableError(
            "not enough space on the disk", where=str(folder), expected=f"{need:,} bytes free", got=f"{free:,}"
        )


# --- the transfer ----------------------------------------------------------------------------------------


def _fetch(part: Path, archive: Archive, pause: float) -> Iterator[Progress]:
    """Append to the part until it is whole; a broken transfer goes on where it stopped."""
    failures = 0
    if _size(part) > archive.size:
        part.unlink()
    while (had := _size(part)) < archive.size:
        problem = "the connection was cut"
        try:
            yield from _receive(part, archive)
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            problem = _reason(error)
            if isinstance(error, urllib.error.HTTPError):
                error.close()
                if error.code < http.HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise UnavailableError(f"cannot fetch: {error.code} {problem}", where=archive.url) from error
        failures = 0 if _size(part) > had else failures + 1
        if failures == TRIES:
            got = f"{_size(part):,} of {archive.size:,} bytes, kept for the next try"
            raise UnavailableError(f"cannot fetch: {problem}", where=archive.url, got=got)
        if failures:
            time.sleep(pause)


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(getattr(reason, "strerror", None) or reason) or type(error).__name__


def _receive(part: Path, archive: Archive) -> Iterator[Progress]:
    had = _size(part)
    request = urllib.request.Request(archive.url, headers={"Range": f"bytes={had}-"} if had else {})  # noqa: S310 - the address is ours
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - the same
        resumed = had > 0 and answer.status == http.HTTPStatus.PARTIAL_CONTENT
        start = had if resumed else 0
        length = answer.headers.get("Content-Length")
        if length is not None and start + int(length) != archive.size:
            raise UnavailableError(
                "the server has another file", where=archive.url,
                expected=f"{archive.size:,} bytes", got=f"{start + int(length):,}",
            )  # fmt: skip
        with part.open("ab" if resumed else "wb") as file:
            while block := answer.read(BLOCK):
                start += len(block)
                if start > archive.size:
                    break
                file.write(block)
                yield Progress(stage="fetching", done=start, total=archive.size)


def _verify(part: Path, archive: Archive) -> Iterator[Progress]:
    digest, done = hashlib.md5(usedforsecurity=False), 0
    with part.open("rb") as file:
        while block := file.read(16 * BLOCK):
            digest.update(block)
            done += len(block)
            yield Progress(stage="checking", done=done, total=archive.size)
    if digest.hexdigest() != archive.md5:
        part.unlink()
        raise UnavailableError(
            "wrong checksum; what was fetched is removed", where=archive.url,
            expected=f"MD5 {archive.md5}", got=digest.hexdigest(),
        )  # fmt: skip


# --- the extraction --------------------------------------------------------------------------------------


def _extract(part: Path, folder: Path, archive: Archive) -> Iterator[Progress]:
    """All members under temporary names first; only when every one is right do they get their own."""
    drafts = {member.name: folder / f".{member.name}.{os.getpid()}.tmp" for member in archive.members}
    total, done = sum(member.size or 0 for member in archive.members), 0
    try:
        with part.open("rb") as packed:
            for member, content in _wanted(packed, archive):
                done += _save(content, drafts[member.name], member, archive)
                yield Progress(stage="extracting", done=done, total=max(total, done))
        missing = [name for name, draft in drafts.items() if not draft.exists()]
        if missing:
            raise _bad(archive, f"{', '.join(missing)} not in it")
        for name, draft in drafts.items():
            draft.replace(folder / name)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError, RecursionError) as error:
        # The last two are tarfile's own for a damaged map of a sparse file, and for thousands of headers in a row.
        raise _bad(archive, f"cannot be read ({error})") from error
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def _bad(archive: Archive, what: str) -> UnavailableError:
    return UnavailableError(f"bad archive: {what}", where=archive.url)


def _wanted(packed: IO[bytes], archive: Archive) -> Iterator[tuple[Member, IO[bytes]]]:
    """The members needed, by their exact names, each once and a plain file; no path of the archive is ever used."""
    wanted = {f"{archive.folder}/{member.name}": member for member in archive.members}
    with _Unpacked(fileobj=packed) as unpacked, tarfile.open(fileobj=unpacked, mode="r:") as tar:
        for entry in tar:
            member = wanted.pop(entry.name.removeprefix("./"), None)
            if member is not None:
                unpacked.left = math.inf
                content = tar.extractfile(entry) if entry.isreg() else None
                if content is None:
                    raise _bad(archive, f"{member.name} is no plain file")
                yield member, content
                if not wanted:
                    return
            unpacked.left = LIMIT


class _Unpacked(gzip.GzipFile):
    """An archive unpacked, whose headers get little of it: one that claims to be gigabytes long is refused."""

    left: float = LIMIT
    """What may be read before the next member; its content is limited where it is saved."""

    def read(self, size: int | None = -1) -> bytes:
        self.left -= math.inf if size is None or size < 0 else size
        if not self.left >= 0:
            raise tarfile.ReadError("a header without end")
        return super().read(size)


def _save(content: IO[bytes], draft: Path, member: Member, archive: Archive) -> int:
    limit, written = (LIMIT if member.size is None else member.size), 0
    with draft.open("xb") as file:
        while block := content.read(BLOCK):
            written += len(block)
            if written > limit:
                raise _bad(archive, f"{member.name} is larger than {limit:,} bytes")
            file.write(block)
    if member.size not in {None, written}:
        raise _bad(archive, f"{member.name} has {written:,} bytes, not {member.size:,}")
    if member.md5 and md5(draft) != member.md5:
        raise _bad(archive, f"{member.name} has another checksum than the published {member.md5}")
    return written
