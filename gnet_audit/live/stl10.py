"""STL-10 as its authors publish it: one byte a value, column-major planes, labels 1 to 10; read by memory mapping.

Coates, Lee, Ng: An Analysis of Single-Layer Networks in Unsupervised Feature Learning, AISTATS 2011.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gnet_audit.drafts import replacing
from gnet_audit.errors import UnavailableError, UsageError
from gnet_audit.training import DataFacts, FileFact, SplitFacts

CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")
SIDE = 96
CHANNELS = 3
IMAGE = CHANNELS * SIDE * SIDE
"""Bytes of one image."""
TRAIN, TEST = 5_000, 8_000
"""Images of the published splits."""
FOLDS, FOLD = 10, 1_000
MOST = 100_000
"""Images of the largest split there is, the unlabelled one."""
BLOCK = 1 << 20
LONGEST = 1 << 20
"""Bytes that a text among the files may have at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file of the published archive; size and checksum where they are known."""

    name: str
    size: int | None = None
    md5: str = ""


MEMBERS = (
    Member(name="train_X.bin", size=TRAIN * IMAGE, md5="918c2871b30a85fa023e0c44e0bee87f"),
    Member(name="train_y.bin", size=TRAIN, md5="5a34089d4802c674881badbb80307741"),
    Member(name="test_X.bin", size=TEST * IMAGE, md5="7f263ba9f9e0b06b93213547f721ac82"),
    Member(name="test_y.bin", size=TEST, md5="36f9794fa4beb8a2c72628de14fa638e"),
    Member(name="class_names.txt"),
    Member(name="fold_indices.txt"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Images and their labels, 0 to 9."""

    stored: NDArray[np.uint8]
    """N×3×96×96 as the file has them: each plane column by column."""
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def images(self) -> NDArray[np.uint8]:
        """The same bytes, N×3×rows×columns, without a copy."""
        return self.stored.swapaxes(2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Both splits, and what is known of them."""

    train: Split
    test: Split
    classes: tuple[str, ...]
    source: str
    """Where it comes from, as shown."""
    per_class: tuple[int, int]
    """Images a class that its maker states, in training and test."""
    synthetic: bool = False
    folds: tuple[tuple[int, ...], ...] = ()


# --- reading ---------------------------------------------------------------------------------------------


def load(folder: Path) -> Dataset:
    """The data set in a folder, or in its `stl10_binary`; images stay on the disk until they are asked for."""
    with _read(folder):
        home = _home(folder)
        return Dataset(
            train=_split(home, "train", TRAIN),
            test=_split(home, "test", TEST),
            classes=_classes(home / "class_names.txt"),
            source=str(home),
            per_class=(TRAIN // len(CLASSES), TEST // len(CLASSES)),
            folds=_folds(home / "fold_indices.txt"),
        )


@contextmanager
def _read(place: Path) -> Iterator[None]:
    """What cannot be read inside is told in one line."""
    try:
        yield
    except OSError as error:
        where = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else str(place)
        raise UsageError(f"cannot read: {error.strerror or error}", where=where) from error


def _home(folder: Path) -> Path:
    if not folder.is_dir():
        raise UnavailableError("no such directory", where=str(folder), expected="STL-10, or --download to fetch it")
    needed = [member.name for member in MEMBERS]
    homes = (folder, folder / "stl10_binary")
    missing = {home: [name for name in needed if not (home / name).is_file()] for home in homes}
    home = min(homes, key=lambda home: len(missing[home]))
    if missing[home]:
        raise UnavailableError(
            f"{', '.join(missing[home])} not there", where=str(folder), expected="STL-10, or --download to fetch it"
        )
    return home


def _split(home: Path, name: str, published: int) -> Split:
    images, labels = home / f"{name}_X.bin", home / f"{name}_y.bin"
    size, count = images.stat().st_size, labels.stat().st_size
    if count * IMAGE != size and size == published * IMAGE:
        raise _wrong_size(labels, f"{published:,} bytes, one for each image of {images.name}", count)
    if count * IMAGE != size or not count:
        amount = count or published
        raise _wrong_size(images, f"{amount * IMAGE:,} bytes, {amount:,} images of {IMAGE:,}", size)
    if count > MOST:
        raise _wrong_size(labels, f"at most {MOST:,} bytes", count)
    stored = np.memmap(images, dtype=np.uint8, mode="r", shape=(count, CHANNELS, SIDE, SIDE))
    return Split(stored=stored, labels=_labels(labels))


def _wrong_size(file: Path, expected: str, got: int) -> UsageError:
    return UsageError("wrong size", where=str(file), expected=expected, got=f"{got:,}")


def _labels(file: Path) -> NDArray[np.int64]:
    labels = np.fromfile(file, dtype=np.uint8).astype(np.int64)
    wrong = np.unique(labels[(labels < 1) | (labels > len(CLASSES))])
    if len(wrong):
        got = ", ".join(map(str, wrong[:5])) + (", …" if len(wrong) > 5 else "")
        raise UsageError("labels out of range", where=str(file), expected=f"1 to {len(CLASSES)}", got=got)
    return labels - 1


def _classes(file: Path) -> tuple[str, ...]:
    names = tuple(_text(file).split())
    if len(names) != len(CLASSES):
        raise UsageError("wrong class names", where=str(file), expected=f"{len(CLASSES)} names", got=str(len(names)))
    return names


def _folds(file: Path) -> tuple[tuple[int, ...], ...]:
    try:
        folds = tuple(tuple(map(int, line.split())) for line in _text(file).splitlines() if line.strip())
    except ValueError:
        raise UsageError("not a list of folds", where=str(file), expected="lines of zero-based indices") from None
    if any(index < 0 or index >= TRAIN for fold in folds for index in fold):
        raise UsageError("an index out of range", where=str(file), expected=f"0 to {TRAIN - 1:,}")
    return folds


def _text(file: Path) -> str:
    if (size := file.stat().st_size) > LONGEST:
        raise _wrong_size(file, f"at most {LONGEST:,} bytes", size)
    try:
        return file.read_text(encoding="ascii")
    except UnicodeDecodeError:
        raise UsageError("not a text", where=str(file), expected="ASCII") from None


# --- writing ---------------------------------------------------------------------------------------------


def write(folder: Path, data: Dataset) -> None:
    """The data set as files in the published format, each through a temporary name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, split in (("train", data.train), ("test", data.test)):
        _put(folder / f"{name}_X.bin", np.ascontiguousarray(split.stored).tobytes())
        _put(folder / f"{name}_y.bin", (split.labels + 1).astype(np.uint8).tobytes())
    _put(folder / "class_names.txt", "".join(f"{name}\n" for name in data.classes).encode("ascii"))
    lines = (" ".join(map(str, fold)) + " \n" for fold in data.folds)
    _put(folder / "fold_indices.txt", "".join(lines).encode("ascii"))


def _put(file: Path, content: bytes) -> None:
    try:
        with replacing(file) as draft:
            draft.write(content)
    except OSError as error:
        raise UnavailableError(f"cannot write: {error.strerror}", where=str(file)) from error


# --- facts -----------------------------------------------------------------------------------------------


def facts(data: Dataset) -> DataFacts:
    """What `gnet-audit data` shows: files, counts, means and deviations, exactly."""
    return DataFacts(
        source=data.source,
        synthetic=data.synthetic,
        classes=data.classes,
        files=() if data.synthetic else tuple(_file(Path(data.source) / member.name, member) for member in MEMBERS),
        splits=(split_facts("train", data.train), split_facts("test", data.test)),
        folds=tuple(map(len, data.folds)),
    )


def split_facts(name: str, split: Split) -> SplitFacts:
    """Counts a class, and the mean and deviation of each channel on the scale 0 to 1."""
    histogram = np.zeros((CHANNELS, 256), dtype=np.int64)
    for start in range(0, len(split), 500):
        block = split.stored[start : start + 500]
        for channel in range(CHANNELS):
            histogram[channel] += np.bincount(block[:, channel].ravel(), minlength=256)
    levels = np.arange(256, dtype=np.float64) / 255
    pixels = histogram.sum(axis=1)
    mean = histogram @ levels / pixels
    square = histogram @ levels**2 / pixels
    return SplitFacts(
        name=name,
        counts=tuple(int(count) for count in np.bincount(split.labels, minlength=len(CLASSES))),
        mean=tuple(float(value) for value in mean),
        deviation=tuple(float(value) for value in np.sqrt(square - mean**2)),
    )


def _file(path: Path, member: Member) -> FileFact:
    with _read(path):
        return FileFact(name=path.name, size=path.stat().st_size, md5=md5(path), published=member.md5)


def md5(path: Path) -> str:
    """The checksum of a file, in the published form; it finds damage, it proves no origin."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def sample(split: Split, per_class: int) -> NDArray[np.int64]:
    """The indices of the first images of each class, class by class."""
    found = [np.flatnonzero(split.labels == label)[:per_class] for label in range(len(CLASSES))]
    return np.concatenate(found).astype(np.int64)
