"""Heads of small networks in training: where they hang, and when the paper's network can be changed accordingly."""

from __future__ import annotations

import pytest
from torch import Tensor, nn

from gnet_audit import audit
from gnet_audit.compare import Found, compare
from gnet_audit.differences import called_apart
from gnet_audit.findings import Edit, SetInputs
from gnet_audit.live.googlenet import AuxiliaryHead, GoogLeNet, Outputs
from gnet_audit.network import CodeOrigin, Identity, Layer, Location, Mode
from tests.networks import network

TRUNK = "i: conv 3 8 p1\nk: conv 3 8 p1\nz: linear 3"
LONGER = "i: conv 3 8 p1\nn: conv 5 8 p2\nk: conv 3 8 p1\nz: linear 3"
HEAD = "h: conv 1 4 < i\ny: linear 3"
Told = tuple[str, tuple[str, ...], str, str]


def told(trunk: str, head: str) -> tuple[list[Told], list[Edit]]:
    """What is found in a model in place of TRUNK and HEAD, and the changes of the head's first layer."""
    expected = {
        Mode.TRAIN: network(f"{TRUNK}\n{HEAD}", mode=Mode.TRAIN, outputs="z y"),
        Mode.EVAL: network(TRUNK),
    }
    found = {
        Mode.TRAIN: Found(network=network(f"{trunk}\n{head}", mode=Mode.TRAIN, outputs="z y")),
        Mode.EVAL: Found(network=network(trunk)),
    }
    findings = compare(expected, found).findings
    edits = [edit for one in findings if one.rule == "GA307" for edit in one.edits]
    return [(one.rule, one.rows, one.expected, one.found) for one in findings], edits


@pytest.mark.parametrize(
    ("trunk", "head", "findings", "edits"),
    [
        (TRUNK, HEAD, [], []),
        (TRUNK, HEAD.replace("< i", "< k"), [("GA307", ("[1]",), "i", "k")], [SetInputs(layer="h", inputs=("k",))]),
        # On a layer that the paper has not: it hangs where that layer does.
        (LONGER, HEAD.replace("< i", "< n"), [("GA302", ("i",), "none", "conv 5×5 pad 2, 8")], []),
        # At two places at once: the paper's head reads one.
        (TRUNK, f"m: add < i k\n{HEAD.replace(' < i', '')}",
         [("GA302", ("i",), "none", "add"), ("GA307", ("[1]",), "i", "i, k")], []),
    ],
)  # fmt: skip
def test_where_a_head_hangs_is_told(trunk: str, head: str, findings: list[Told], edits: list[Edit]) -> None:
    assert told(trunk, head) == (findings, edits)


# --- the line that hangs a head -----------------------------------------------------------------------


class Hung(GoogLeNet):
    """The paper's layers in their order, its heads behind 4b and 4e in both modes."""

    def __init__(self) -> None:
        super().__init__()
        self.aux2 = AuxiliaryHead(832, 1000)
        self.heads = {"inception_4b": self.aux1, "inception_4e": self.aux2}

    def order(self) -> list[tuple[str, nn.Module]]:
        """The trunk."""
        trunk = [(name, part) for name, part in self.named_children() if not name.startswith("aux")]
        return [*trunk[:-1], ("flatten", nn.Flatten()), trunk[-1]]


class InLists(Hung):
    """Run in lists: the call that runs a head runs the trunk as well."""

    def forward(self, image: Tensor) -> Outputs:
        trunk, returned = image, []
        for name, part in self.order():
            runs: list[list[nn.Module]] = [[part]]
            if name in self.heads:
                runs.append([self.heads[name]])
            for parts in runs:
                x = trunk
                for one in parts:
                    x = one(x)
                if parts == [part]:
                    trunk = x
                else:
                    returned.append(x)
        return Outputs(trunk, *returned)


class InLoop(Hung):
    """Run in a loop, a head at a line of its own."""

    def forward(self, image: Tensor) -> Outputs:
        x, returned = image, []
        for name, part in self.order():
            x = part(x)
            if name in self.heads:
                returned.append(self.heads[name](x))
        return Outputs(x, *returned)


@pytest.mark.parametrize(("kind", "lines"), [(InLists, []), (InLoop, [6])])
def test_a_head_is_at_the_line_that_hangs_it_or_at_none_never_inside_it(kind: type[Hung], lines: list[int]) -> None:
    found = [one for one in audit(kind(), prove=False).findings if one.rule in {"GA307", "GA308"}]
    assert sorted({one.rule for one in found}) == ["GA307", "GA308"]
    first = kind.forward.__code__.co_firstlineno
    assert [[line.line - first + 1 for line in one.locations] for one in found] == [lines] * len(found)


def called(*calls: tuple[int, str]) -> Layer:
    """A layer that these lines of these functions led to, innermost first."""
    lines = tuple(Location(file="net.py", line=line, offset=line, function=name) for line, name in calls)
    return Layer(name="layer", op=Identity(), origin=CodeOrigin(calls=lines))


LOOP = (9, "Net.forward:5")


@pytest.mark.parametrize(
    ("head", "trunk", "line"),
    [
        # One call leads to two modules, or to one of torch's own.
        ([(31, "Head.forward:30"), LOOP], [(41, "Block.forward:40"), LOOP], None),
        ([(31, "Head.forward:30"), LOOP], [LOOP], None),
        # One call leads to two functions of a list.
        ([(31, "hang:30"), LOOP], [(41, "block:40"), LOOP], None),
        # Two calls of one function.
        ([(31, "Head.forward:30"), (10, "Net.forward:5")], [(41, "Block.forward:40"), LOOP], 10),
        ([(32, "Net.features:30"), LOOP], [(31, "Net.features:30"), LOOP], 32),
        # A hook of the module that is called.
        ([(51, "Head.forward:50"), (31, "Net.__init__.<locals>.hook:30"), LOOP], [(41, "Block.forward:40"), LOOP], 31),
        ([(51, "Head.forward:50"), (31, "Net.__init__.<locals>.hook:30"), LOOP], [LOOP], 31),
    ],
)  # fmt: skip
def test_a_line_tells_two_layers_apart_only_in_the_function_that_led_to_both(
    head: list[tuple[int, str]], trunk: list[tuple[int, str]], line: int | None
) -> None:
    found = called_apart([called(*head)], called(*trunk))
    assert (found.line if found else None) == line
