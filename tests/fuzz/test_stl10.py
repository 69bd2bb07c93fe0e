"""STL-10's files, damaged: refused, or exactly what the bytes say."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from gnet_audit.errors import ExitStatus
from gnet_audit.live import stl10
from gnet_audit.live.stl10 import CLASSES, IMAGE
from tests.fuzz.bounds import answered, fuzzed

PIXELS = random.Random(0).randbytes(3 * IMAGE)
SOUND = {
    "train_X.bin": PIXELS[: 2 * IMAGE],
    "train_y.bin": b"\x01\x0a",
    "test_X.bin": PIXELS[2 * IMAGE :],
    "test_y.bin": b"\x02",
    "class_names.txt": "\n".join(CLASSES).encode() + b"\n",
    "fold_indices.txt": b"0 1 \n1 0 \n4999 \n",
}
Damage = tuple[str, str, int, bytes]
DAMAGE = st.lists(
    st.tuples(
        st.sampled_from([*SOUND, *("train_y.bin", "test_y.bin", "class_names.txt", "fold_indices.txt") * 2]),
        st.sampled_from(["cut", "put", "put", "insert", "image", "empty", "gone", "folder", "grown", "text"]),
        st.integers(0, 3 * IMAGE),
        st.one_of(st.binary(max_size=4), st.sampled_from([b"\x01", b"\x0b", b"\x00", b"5000", b"-1", b"1_0", b"9" * 5000, b" ", b"\n", b"\x85", b"\xff", b"x" * 2_000_000])),
    ),
    max_size=3,
)  # fmt: skip


def lay(folder: Path, damage: list[Damage]) -> None:
    """The sound files with the damage done, in a folder that has held others before."""
    files = dict(SOUND)
    for path in folder.iterdir():
        path.rmdir() if path.is_dir() else path.unlink()
    for name, how, place, raw in damage:
        if name not in files:
            continue
        content = files[name]
        at = place % (len(content) + 1)
        files[name] = {
            "cut": content[:at], "put": content[:at] + raw + content[at + len(raw) :], "insert": content[:at] + raw + content[at:],
            "image": content + PIXELS[:IMAGE] if name.endswith("X.bin") else content + b"\x03", "empty": b"", "text": raw,
        }.get(how, content)  # fmt: skip
        if how in {"gone", "folder"}:
            del files[name]
            if how == "folder":
                (folder / name).mkdir(exist_ok=True)
        if how == "grown":
            with (folder / name).open("wb") as file:
                file.truncate(10**12)  # a sparse file: a trillion zeros
            del files[name]
    for name, content in files.items():
        (folder / name).is_dir() or (folder / name).write_bytes(content)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place for the files."""
    return tmp_path_factory.mktemp("stl10")


@given(DAMAGE)
@fuzzed
def test_damaged_files_are_refused_or_read_as_they_are(folder: Path, damage: list[Damage]) -> None:
    lay(folder, damage)
    data = answered(lambda: stl10.load(folder), ExitStatus.USAGE, ExitStatus.UNAVAILABLE)
    event(f"read: {data is not None}")
    if data is None:
        assert damage
        return
    for name, split in (("train", data.train), ("test", data.test)):
        images, labels = ((folder / f"{name}_{part}.bin").read_bytes() for part in "Xy")
        assert split.images.shape == (len(labels), 3, 96, 96)
        assert [label + 1 for label in split.labels] == list(labels)
        planes = np.frombuffer(images, dtype=np.uint8).reshape(-1, 3, 96, 96)
        assert np.array_equal(split.images, planes.transpose(0, 1, 3, 2))
        facts = stl10.split_facts(name, split)
        assert sum(facts.counts) == len(labels)
        assert np.allclose(facts.mean, planes.mean(axis=(0, 2, 3)) / 255)
        assert np.allclose(facts.deviation, planes.std(axis=(0, 2, 3)) / 255)
    assert len(data.classes) == 10
    assert all(0 <= index < 5000 for fold in data.folds for index in fold)
