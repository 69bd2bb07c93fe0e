"""STL-10 files: read, written, described, refused."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gnet_audit.errors import ExitStatus, GnetAuditError, UnavailableError, UsageError
from gnet_audit.live import stl10
from gnet_audit.live.stl10 import CLASSES, IMAGE, Dataset, Split
from tests.test_drafts import full_disk

PER_CLASS = 2


def images(count: int, seed: int) -> Split:
    """So many random images, their labels in turn."""
    random = np.random.default_rng(seed)
    stored = random.integers(0, 256, (count, 3, 96, 96), dtype=np.uint8)
    return Split(stored=stored, labels=np.arange(count, dtype=np.int64) % 10)


def small() -> Dataset:
    """Twenty images for training, ten for the test."""
    return Dataset(
        train=images(10 * PER_CLASS, 0), test=images(10, 1), classes=CLASSES, source="", per_class=(PER_CLASS, 1),
        folds=((0, 1, 2), (3, 4, 5)),
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small set in the published format."""
    stl10.write(tmp_path, small())
    return tmp_path


def test_one_image_is_a_red_a_green_and_a_blue_plane_each_column_by_column(tmp_path: Path) -> None:
    picture = np.zeros((3, 96, 96), dtype=np.uint8)
    picture[1, 2, 5] = 7  # green, row 2, column 5
    raw = bytearray(IMAGE)
    raw[1 * 96 * 96 + 5 * 96 + 2] = 7
    (tmp_path / "train_X.bin").write_bytes(bytes(raw))
    (tmp_path / "train_y.bin").write_bytes(b"\x0a")
    (tmp_path / "test_X.bin").write_bytes(bytes(raw))
    (tmp_path / "test_y.bin").write_bytes(b"\x01")
    (tmp_path / "class_names.txt").write_text("\n".join(CLASSES))
    (tmp_path / "fold_indices.txt").write_text("0 1\n")
    data = stl10.load(tmp_path)
    assert np.array_equal(data.train.images[0], picture)
    assert (data.train.labels.tolist(), data.test.labels.tolist()) == ([9], [0])


def test_what_is_written_is_read_again(folder: Path) -> None:
    data, expected = stl10.load(folder), small()
    for split, wanted in ((data.train, expected.train), (data.test, expected.test)):
        assert np.array_equal(split.images, wanted.stored.transpose(0, 1, 3, 2))
        assert np.array_equal(split.labels, wanted.labels)
    assert (data.classes, data.folds, data.synthetic) == (CLASSES, expected.folds, False)


def test_the_folder_of_the_archive_is_found_inside_the_one_named(tmp_path: Path) -> None:
    stl10.write(tmp_path / "stl10_binary", small())
    assert len(stl10.load(tmp_path).train) == 20


def test_images_stay_on_the_disk_until_they_are_asked_for(folder: Path) -> None:
    assert isinstance(stl10.load(folder).train.stored, np.memmap)


def test_nothing_but_the_published_files_is_written(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {member.name for member in stl10.MEMBERS}


def test_means_and_deviations_are_those_of_numpy(folder: Path) -> None:
    data = stl10.load(folder)
    facts = stl10.facts(data)
    pixels = small().train.stored / 255
    assert facts.splits[0].mean == pytest.approx(pixels.mean(axis=(0, 2, 3)))
    assert facts.splits[0].deviation == pytest.approx(pixels.std(axis=(0, 2, 3)))
    assert facts.splits[0].counts == (PER_CLASS,) * 10
    assert facts.folds == (3, 3)
    assert facts.kind == "STL-10"


def test_sizes_and_checksums_are_those_of_the_files(folder: Path) -> None:
    for fact in stl10.facts(stl10.load(folder)).files:
        content = (folder / fact.name).read_bytes()
        assert (fact.size, fact.md5) == (len(content), hashlib.md5(content).hexdigest())  # noqa: S324 - as published


def test_the_published_sizes_are_those_of_the_paper() -> None:
    sizes = {member.name: member.size for member in stl10.MEMBERS}
    assert (sizes["train_X.bin"], sizes["test_X.bin"]) == (138_240_000, 221_184_000)


def refused(folder: Path) -> GnetAuditError:
    """How the set is refused."""
    with pytest.raises(GnetAuditError) as caught:
        stl10.load(folder)
    assert "\n" not in caught.value.line
    return caught.value


def test_a_directory_that_is_not_there_is_not_possible_here(tmp_path: Path) -> None:
    error = refused(tmp_path / "no")
    assert (error.status, error.what) == (ExitStatus.UNAVAILABLE, "no such directory")


def test_a_directory_without_the_files_names_them(folder: Path) -> None:
    (folder / "test_y.bin").unlink()
    error = refused(folder)
    assert isinstance(error, UnavailableError)
    assert error.what == "test_y.bin not there"


def test_a_truncated_file_of_images_is_told_with_both_sizes(folder: Path) -> None:
    os.truncate(folder / "train_X.bin", 20 * IMAGE - 1)
    error = refused(folder)
    assert isinstance(error, UsageError)
    assert error.line.endswith("wrong size; expected 552,960 bytes, 20 images of 27,648; got 552,959")


def test_a_truncated_file_of_labels_is_told_where_the_images_are_as_published(folder: Path) -> None:
    with (folder / "test_X.bin").open("wb") as file:
        file.truncate(8_000 * IMAGE)  # a hole: it takes no space
    error = refused(folder)
    assert error.where.endswith("test_y.bin")
    assert (error.expected, error.got) == ("8,000 bytes, one for each image of test_X.bin", "10")


def test_an_empty_set_is_refused(folder: Path) -> None:
    os.truncate(folder / "train_X.bin", 0)
    os.truncate(folder / "train_y.bin", 0)
    assert refused(folder).what == "wrong size"


@pytest.mark.parametrize("label", [0, 11, 255])
def test_labels_out_of_range_are_told(folder: Path, label: int) -> None:
    (folder / "train_y.bin").write_bytes(bytes([*range(1, 11), *range(1, 10), label]))
    error = refused(folder)
    assert (error.what, error.expected, error.got) == ("labels out of range", "1 to 10", str(label))


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("class_names.txt", b"cat\ndog\n", "wrong class names"),
        ("class_names.txt", b"\xff\xfe", "not a text"),
        ("fold_indices.txt", b"1 2 x\n", "not a list of folds"),
        ("fold_indices.txt", b"1 2 5000\n", "an index out of range"),
    ],
)
def test_a_list_that_cannot_be_one_is_refused(folder: Path, name: str, content: bytes, what: str) -> None:
    (folder / name).write_bytes(content)
    assert refused(folder).what == what


@pytest.mark.parametrize("name", ["train_X.bin", "train_y.bin", "test_y.bin", "class_names.txt", "fold_indices.txt"])
def test_a_file_that_cannot_be_read_is_told(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = io.open

    def closed(file: object, *rest: Any, **named: Any) -> Any:
        if str(file).endswith(name):
            raise PermissionError(13, "Permission denied", str(file))
        return opened(file, *rest, **named)  # type: ignore[call-overload]

    monkeypatch.setattr("io.open", closed)
    monkeypatch.setattr("builtins.open", closed)
    error = refused(folder)
    assert (error.what, error.where) == ("cannot read: Permission denied", str(folder / name))
    assert error.status is ExitStatus.USAGE


def test_a_folder_that_cannot_be_entered_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(self: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "is_file", closed)
    assert refused(folder).line == f"{folder / 'train_X.bin'}: cannot read: Permission denied"


def test_writing_where_there_is_no_space_leaves_nothing_behind(tmp_path: Path) -> None:
    with full_disk(10), pytest.raises(UnavailableError, match="File too large"):
        stl10.write(tmp_path, small())
    assert list(tmp_path.iterdir()) == []


def test_a_sample_has_the_same_number_of_each_class() -> None:
    split = replace(small().train, labels=np.repeat(np.arange(10, dtype=np.int64), 2))
    assert stl10.sample(split, 1).tolist() == list(range(0, 20, 2))
