"""A file takes its place only when it is whole, and what stands there is left alone until then."""

from __future__ import annotations

import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gnet_audit.drafts import replacing

NOBODY = 65_534


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file may be longer than `room` bytes: writing more fails half way, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def unprivileged() -> Iterator[None]:
    """As somebody whom permissions stop."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(mine)


def write(path: Path, content: bytes = b"new") -> None:
    """What a command does."""
    with replacing(path) as file:
        file.write(content)


def half(path: Path, problem: type[BaseException]) -> None:
    """What a command does that fails on the way."""
    with replacing(path) as file:
        file.write(b"half")
        raise problem


def test_nothing_is_seen_of_a_file_before_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    with replacing(file) as draft:
        draft.write(b"new")
        draft.flush()
        assert file.read_bytes() == b"old"
        (other,) = set(tmp_path.iterdir()) - {file}
        assert other.name.startswith(".")
    assert file.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("problem", [ValueError, OSError, KeyboardInterrupt, SystemExit])
def test_whatever_fails_the_old_file_stays_and_no_draft(tmp_path: Path, problem: type[BaseException]) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    with pytest.raises(problem):
        half(file, problem)
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    with full_disk(10), pytest.raises(OSError, match="File too large"):
        write(file, b"x" * 100)
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_may_not_be_written_is_not_replaced_either() -> None:
    with TemporaryDirectory() as name:  # pytest's own folders are closed to others
        folder, file = Path(name), Path(name, "file")
        folder.chmod(0o777)
        file.write_bytes(b"old")
        file.chmod(0o444)
        with unprivileged(), pytest.raises(PermissionError):
            write(file)
        assert file.read_bytes() == b"old"
        assert list(folder.iterdir()) == [file]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_a_file_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    file.chmod(mode)
    write(file)
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_a_link_to_nothing_makes_what_it_points_to(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "file")
    write(link)
    assert link.is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_link_to_itself_is_an_error(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(link)
    with pytest.raises(OSError, match="symbolic links"):
        write(link)
    assert list(tmp_path.iterdir()) == [link]


def test_no_link_is_followed_that_has_the_name_of_the_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda _: "guessed")
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    (tmp_path / ".guessed.tmp").symlink_to(precious)
    with pytest.raises(FileExistsError):
        write(tmp_path / "file")
    assert precious.read_bytes() == b"mine"


def test_a_long_name_can_be_written(tmp_path: Path) -> None:
    file = tmp_path / ("x" * 255)
    write(file)
    assert file.read_bytes() == b"new"


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write(pipe)
        assert os.read(reader, 10) == b"new"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
