"""Networks of any size as plans: each becomes the spec of a paper, and a model with changes that are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from torch import nn

SHARE = 100
"""One slot in so many is changed."""
APART = 12
"""Slots between two changes, about."""
IMAGE = 3, 8, 8
Truth: TypeAlias = set[tuple[str, str]]
"""Rule and slot of every change."""


# --- networks, as plans that become a spec and a model --------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A convolution, or a max pooling that keeps the size."""

    slot: str
    kernel: int
    width: int = 0
    """Output channels; 0 for the pooling."""
    norm: bool = False
    relu: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Branches that read the block before, and how they meet; one branch needs no merge."""

    name: str
    branches: tuple[tuple[Part, ...], ...]
    merge: str = ""

    @property
    def slots(self) -> int:
        """How many slots of the paper it is."""
        return sum(map(len, self.branches)) + bool(self.merge)

    def slot(self, part: Part) -> str:
        """The slot of a part in the whole network."""
        return f"{self.name}.{part.slot}" if self.merge else self.name


def chain(random: Random, number: int) -> Block:
    """One convolution of many widths and kernels."""
    part = Part(slot="", kernel=random.choice((1, 3)), width=random.choice((4, 6, 8)))
    return Block(name=f"c{number}", branches=((part,),))


def inception(random: Random, number: int) -> Block:
    """Four branches, each module with widths of its own."""
    widths = iter(random.choices((2, 3, 4), k=6))
    convs = [("1x1", 1), ("3x3_reduce", 1), ("3x3", 3), ("5x5_reduce", 1), ("5x5", 5), ("proj", 1)]
    one, reduce3, three, reduce5, five, proj = (Part(slot=s, kernel=k, width=next(widths)) for s, k in convs)
    pool = Part(slot="pool", kernel=3, relu=False)
    branches = ((one,), (reduce3, three), (reduce5, five), (pool, proj))
    return Block(name=f"i{number}", branches=branches, merge="concat")


def residual(_: Random, number: int) -> Block:
    """Two convolutions and a shortcut, the same in every block."""
    body = (
        Part(slot="conv1", kernel=3, width=6, norm=True),
        Part(slot="conv2", kernel=3, width=6, norm=True, relu=False),
    )
    return Block(name=f"r{number}", branches=(body, ()), merge="add")


FAMILIES: Mapping[str, Callable[[Random, int], Block]] = {"chain": chain, "inception": inception, "residual": residual}


def plan(family: str, size: int) -> list[Block]:
    """A network of so many slots."""
    random = Random(size)  # noqa: S311
    blocks = [replace(chain(random, 0), name="stem", branches=((Part(slot="", kernel=3, width=6),),))]
    slots = 1
    while slots < size:
        blocks.append(FAMILIES[family](random, len(blocks)))
        slots += blocks[-1].slots
    return blocks


def spec_text(name: str, blocks: Sequence[Block]) -> str:
    """The plan as the spec of a paper."""
    lines = [
        f'schema = 1\nid = "{name}"\ntitle = "{name}"\ncitation = "benchmarks/scale.py"',
        f'[input]\nshape = {{ value = {list(IMAGE)}, source = "table" }}',
        '[source.table]\nwhere = "the plan"\nstatus = "printed"',
        '[default.conv]\nsource = "table"\npadding = "same"\nbias = true',
        '[default.maxpool]\nsource = "table"\npadding = 1\nstride = 1',
    ]
    shared = next((block for block in blocks if block.merge), None)
    if shared is not None:
        activation = '\nactivation = "relu"' if shared.merge == "add" else ""
        lines.append(f'[block.unit]\nsource = "table"\nmerge = "{shared.merge}"{activation}')
        for branch in shared.branches:
            layers = ", ".join(_layer(part, f'"${part.slot}_width"', part.slot) for part in branch)
            lines.append(f"[[block.unit.branch]]\nlayers = [{layers}]")
    for block in blocks:
        row = f'[[row]]\nid = "{block.name}"\ntitle = "{block.name}"\nsource = "table"\n'
        if block.merge:
            cells = [f'{part.slot}_width = "{part.width}"' for branch in block.branches for part in branch]
            lines.append(f'{row}block = "unit"\nprinted = {{ {", ".join(cells)} }}')
        else:
            (part,) = block.branches[0]
            lines.append(f"{row}layers = [{_layer(part, str(part.width))}]")
    return "\n\n".join(lines) + "\n"


def _layer(part: Part, width: str, slot: str = "") -> str:
    words = [f'slot = "{slot}"'] if slot else []
    words += [f'op = "{"conv" if part.width else "maxpool"}"', f"kernel = {part.kernel}"]
    words += [f"out_channels = {width}"] if part.width else []
    words += ["batch_norm = true"] if part.norm else []
    words += ['activation = "relu"'] if part.relu else []
    return f"{{ {', '.join(words)} }}"


def model(blocks: Sequence[Block]) -> nn.Module:
    """The plan as a model, written as its author would."""
    import torch
    from torch import Tensor, nn

    def stack(parts: Iterable[Part], channels: int) -> tuple[nn.Sequential, int]:
        layers: list[nn.Module] = []
        for part in parts:
            if part.width:
                layers.append(nn.Conv2d(channels, part.width, part.kernel, padding=part.kernel // 2))
                channels = part.width
            else:
                layers.append(nn.MaxPool2d(part.kernel, stride=1, padding=part.kernel // 2))
            layers += [nn.BatchNorm2d(channels)] if part.norm else []
            layers += [nn.ReLU()] if part.relu else []
        return nn.Sequential(*layers), channels

    class Module(nn.Module):
        def __init__(self, block: Block, channels: int) -> None:
            super().__init__()
            stacks = [stack(branch, channels) for branch in block.branches]
            self.branches = nn.ModuleList(branch for branch, _ in stacks)
            self.merge = block.merge
            self.width = sum(width for _, width in stacks) if block.merge == "concat" else stacks[0][1]

        def forward(self, x: Tensor) -> Tensor:
            values: list[Tensor] = [branch(x) for branch in self.branches]
            if self.merge == "concat":
                return torch.cat(values, 1)
            return torch.relu(values[0] + values[1]) if self.merge else values[0]

    net, channels = nn.Sequential(), IMAGE[0]
    for block in blocks:
        module = Module(block, channels)
        net.append(module)
        channels = module.width
    return net


# --- changes, and what must be found ----------------------------------------------------------------------


def changed(blocks: Sequence[Block], seed: int) -> tuple[list[Block], Truth]:
    """The plan with one slot in a hundred changed, never two close together; rule and slot of each change.

    Where two changes meet, another reading may be the shorter one.
    """
    random = Random(seed)  # noqa: S311
    wanted = max(1, sum(block.slots for block in blocks) // SHARE)
    apart = -(-APART // blocks[-1].slots)
    # Of two convolutions that are alike nobody could say which is missing.
    kinds = [edit for edit in EDITS if edit is not _missing or blocks[-1].merge != "add"]
    free = list(range(2, len(blocks) - 2))
    random.shuffle(free)
    result, truth, taken = list(blocks), set[tuple[str, str]](), set[int]()
    for number in free:
        if len(truth) == wanted:
            break
        if number in taken:
            continue
        edited = kinds[len(truth) % len(kinds)](random, blocks, number)
        if edited is not None:
            result[number], told = edited
            truth.add(told)
            taken.update(range(number - apart, number + apart + 1))
    return result, truth


Edited: TypeAlias = tuple[Block, tuple[str, str]] | None


def _somewhere(random: Random, block: Block) -> tuple[int, int, Part]:
    """A convolution of a block: its branch, its position there, and itself."""
    places = [
        (branch, at, part) for branch, parts in enumerate(block.branches) for at, part in enumerate(parts) if part.width
    ]
    return random.choice(places)


def _with(block: Block, branch: int, at: int, *parts: Part) -> Block:
    """The block with other parts where one stood."""
    old = block.branches[branch]
    new = (*old[:at], *parts, *old[at + 1 :])
    return replace(block, branches=(*block.branches[:branch], new, *block.branches[branch + 1 :]))


def _kernel(random: Random, blocks: Sequence[Block], number: int) -> Edited:
    block = blocks[number]
    branch, at, part = _somewhere(random, block)
    return _with(block, branch, at, replace(part, kernel=part.kernel + 2)), ("GA202", block.slot(part))


def _silent(random: Random, blocks: Sequence[Block], number: int) -> Edited:
    """Without its activation."""
    block = blocks[number]
    branch, at, part = _somewhere(random, block)
    if not part.relu:
        return None
    return _with(block, branch, at, replace(part, relu=False)), ("GA213", f"{block.slot(part)}.relu")


def _wider(random: Random, blocks: Sequence[Block], number: int) -> Edited:
    block = blocks[number]
    branch, at, part = _somewhere(random, block)
    if block.merge == "add" and at:
        return None
    return _with(block, branch, at, replace(part, width=part.width + 1)), ("GA201", block.slot(part))


def _added(random: Random, blocks: Sequence[Block], number: int) -> Edited:
    """A convolution of a kernel that no other has, behind one that keeps its place."""
    block = blocks[number]
    branch, at, part = _somewhere(random, block)
    new = Part(slot="new", kernel=7, width=part.width, relu=part.relu)
    return _with(block, branch, at, part, new), ("GA302", block.slot(part))


def _missing(random: Random, blocks: Sequence[Block], number: int) -> Edited:
    """A convolution gone that is unlike its neighbours, so that only it can be the missing one."""
    block = blocks[number]
    branch, at, part = _somewhere(random, block)
    if not block.merge:
        near = [blocks[number + step].branches[0][0] for step in (-1, 1)]
        alike = any((other.kernel, other.width) == (part.kernel, part.width) for other in near)
        return None if alike else (replace(block, branches=((),)), ("GA301", block.slot(part)))
    if len(block.branches[branch]) < 2:
        return None
    return _with(block, branch, at), ("GA301", block.slot(part))


EDITS: Sequence[Callable[[Random, Sequence[Block], int], Edited]] = (_kernel, _silent, _wider, _added, _missing)
