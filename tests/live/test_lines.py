"""Where in the user's code a layer was called and constructed, and what stands there literally."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit

from gnet_audit.differences import called_apart, constructed_apart
from gnet_audit.live.lines import Locations, literals, raised
from gnet_audit.live.target import build
from gnet_audit.live.trace import trace
from gnet_audit.network import CodeOrigin, Layer, Location, Mode
from tests.live.running import network


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("conv(16, 32, kernel_size=(3, 3), p=0.7)", {"16", "32", "kernel_size=(3, 3)", "(3, 3)", "3", "p=0.7", "0.7"}),
        ("f([1, 2])", {"(1, 2)", "1", "2"}),
        ("f((5,))", {"(5,)", "5"}),
        ("pool(3, ceil_mode=True, kind='max')", {"3", "ceil_mode=True", "True", "kind='max'", "'max'"}),
        ("f(-1, x, y.z)", {"-1"}),
        ("f(a=None)", {"a=None", "None"}),
        ("g(\n    1,\n    b=2,\n)", {"1", "b=2", "2"}),
        ("x * 0.5 + 2", {"0.5", "2"}),
        ("x / (1 + 0.5 * y) ** 0.75", {"1", "0.5", "0.75"}),
        ("conv(i, o, k, padding=p if k == 5 else (k - 1) // 2)", set()),
        ("conv(i, padding=4 if k == 5 else 3)", {"4", "3"}),
        ("conv(i, 2 * 96, row[3], -k, n > 7)", set()),
        ("conv(i, (2, 3 * k), *(5, 6))", {"2", "(5, 6)", "5", "6"}),
        ("block(64, rows[3], sizes.where[7].wide)", {"64"}),
        ("block(64, cfg(96, k=[7]))", {"64", "96", "k=(7,)", "(7,)", "7"}),
        ("first(1, 2) >> second(3 - 1)", {"1", "2"}),
        ("[conv(a, 3) for a in (16, 32)]", {"3", "(16, 32)", "16", "32"}),
        ("f(**options)", set()),
        ("not (python", set()),
        ("", set()),
    ],
)
def test_literals_are_written_as_they_are_looked_up(text: str, expected: set[str]) -> None:
    assert set(literals(text)) == expected


class Block(nn.Module):
    def __init__(self, width: int, **options: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, width, **options, stride=2)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(
            self.conv(x),
        )


class Wide(nn.Conv2d):
    def __init__(self) -> None:
        super().__init__(4, 77, kernel_size=3)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.block = Block(8, kernel_size=3)
        self.pair = nn.Sequential(nn.Dropout(0.1), nn.Dropout(0.2))
        self.wide = Wide()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.pair(F.max_pool2d(self.block(x), 2, stride=1)), self.wide(x)


class Part(nn.Module):
    """A block that several places share, so that its own lines tell none of them from another."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv(x))


class Rows(nn.Module):
    """Parts whose widths stand in a table, and one whose width does not."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList(
            Stem(*row)
            for row in (
                (4, 24, 3),
                (24, 40, 5),
            )
        )
        self.last = Stem(40, 2 * 7, 9)

    def forward(self, x: Tensor) -> Tensor:
        for part in (*self.parts, self.last):
            x = part(x)
        return x


class Stem(nn.Module):
    def __init__(self, wide: int, narrow: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(wide, narrow, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)  # type: ignore[no-any-return]


class Two(nn.Module):
    """Two of them, made and called in lines of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.one = Part(4)
        self.two = Part(4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.one(x)
        return self.two(x)  # type: ignore[no-any-return]


LINES = {
    text.strip(): number
    for kind in (Block, Wide, Net, Two, Rows)
    for number, text in enumerate(inspect.getsource(kind).splitlines(), inspect.getsourcelines(kind)[1])
}


def _line(start: str) -> int:
    (number,) = [number for text, number in LINES.items() if text.startswith(start)]
    return number


def _origin(layer: Layer) -> CodeOrigin:
    assert isinstance(layer.origin, CodeOrigin)
    return layer.origin


def _numbers(lines: tuple[Location, ...]) -> list[int]:
    return [line.line for line in lines]


@pytest.fixture(scope="module")
def found() -> dict[str, CodeOrigin]:
    """The origins of the layers of `Net`."""
    return {layer.name: _origin(layer) for layer in network(Net).layers}


def test_a_module_knows_the_lines_that_constructed_it_innermost_first(found: dict[str, CodeOrigin]) -> None:
    conv = found["block.conv"]
    assert (conv.module, conv.module_class) == ("block.conv", "Conv2d")
    assert _numbers(conv.constructed) == [_line("self.conv = "), _line("self.block = ")]
    assert [line.literals for line in conv.constructed] == [("4", "stride=2", "2"), ("8", "kernel_size=3", "3")] or [
        set(line.literals) for line in conv.constructed
    ] == [{"4", "stride=2", "2"}, {"8", "kernel_size=3", "3"}]
    assert conv.call is not None
    assert conv.call.line == _line("self.conv(x)")
    assert {line.file for line in conv.constructed} == {conv.call.file} == {"tests/live/test_lines.py"}


def test_a_call_knows_its_own_literals_and_comes_before_the_lines_of_its_module(found: dict[str, CodeOrigin]) -> None:
    pool = found["max_pool2d"]
    assert (pool.module, pool.module_class) == ("", "Net")
    assert pool.call is not None
    assert pool.call.line == _line("return self.pair(F.max_pool2d")
    assert set(pool.call.literals) == {"2", "stride=1", "1"}
    assert pool.constructed[0] == pool.call
    relu = found["block.relu"]
    assert relu.call is not None
    assert _numbers(relu.constructed) == [relu.call.line, _line("self.block = ")]


def test_two_modules_on_one_line_have_each_their_own_literals(found: dict[str, CodeOrigin]) -> None:
    first, second = found["pair.0"].constructed[0], found["pair.1"].constructed[0]
    assert first.line == second.line == _line("self.pair = ")
    assert (first.literals, second.literals) == (("0.1",), ("0.2",))


def test_a_subclass_of_torch_s_own_module_has_its_literals_in_its_constructor(found: dict[str, CodeOrigin]) -> None:
    lines = found["wide"].constructed
    assert _numbers(lines) == [_line("super().__init__(4, 77"), _line("self.wide = ")]
    assert "77" in lines[0].literals


def test_a_ready_instance_has_calls_but_no_lines_of_construction() -> None:
    conv = _origin(network(Net()).by_name["block.conv"])
    assert conv.constructed == ()
    assert conv.call is not None


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "changing.py"
    code = dedent("""
        from torch import nn
        class Net(nn.Sequential):
            def __init__(self):
                super().__init__(nn.Conv2d(4, {width}, 1))
        """)
    for width in (8, 1024):
        file.write_text(code.format(width=width), encoding="utf-8")
        origin = _origin(network(f"{file}:Net").by_name["0"])
        assert str(width) in origin.constructed[0].literals
        assert origin.constructed[0].line == 5
        assert origin.constructed[0].file == str(file)


def test_text_beyond_ascii_does_not_shift_the_columns(tmp_path: Path) -> None:
    file = tmp_path / "names.py"
    file.write_text(
        "from torch import nn\n"
        "def net():\n"
        "    größe = 'überall'; return nn.Sequential(nn.Conv2d(4, 9, 1), nn.Dropout(0.25))\n",
        encoding="utf-8",
    )
    found = network(f"{file}:net")
    assert _origin(found.by_name["0"]).constructed[0].literals == ("4", "9", "1")
    assert _origin(found.by_name["1"]).constructed[0].literals == ("0.25",)


def test_no_place_has_no_line() -> None:
    assert Locations().at(None) is None
    assert raised(ValueError()) is None


def test_the_line_that_tells_two_uses_of_a_block_apart_is_the_outermost_that_they_do_not_share() -> None:
    one, own, two, other = network(Two(), (4, 8, 8)).layers[1:]
    called = called_apart([two, other], own)
    assert called is not None
    assert called.line == _line("return self.two(x)")
    assert called_apart([one], one) is None
    assert called_apart([two], None) == called


def test_what_was_constructed_together_is_told_by_the_line_that_made_all_of_it() -> None:
    traced = trace(build(Two, {}), Mode.EVAL, (4, 8, 8)).network.layers
    made = constructed_apart(traced[3:5], traced[1])
    assert made is not None
    assert made.line == _line("self.two = Part(4)")


def test_a_layer_knows_the_row_of_the_table_that_its_values_came_from() -> None:
    found = {layer.name: _origin(layer).written for layer in network(Rows).layers if "conv" in layer.name}
    assert _numbers(found["parts.0.conv"]) == [_line("(4, 24, 3)")]
    assert found["parts.1.conv"][0].literals == ("24", "40", "5")
    assert _numbers(found["parts.1.conv"]) == [_line("(24, 40, 5)")]
    assert found["last.conv"] == ()


def test_a_ready_instance_has_no_tables() -> None:
    assert all(_origin(layer).written == () for layer in network(Rows()).layers)


class Same(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


class Idle(nn.Module):
    """Modules that give back what they are given, and some that only seem to."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(4, 4, 1)
        self.plain = nn.Identity()
        self.own = Same()
        self.empty = nn.Sequential()
        self.holds = nn.Sequential(nn.Identity())
        self.fires = nn.ReLU(inplace=True)
        self.drops = nn.Dropout(0.5)
        self.last = nn.Linear(4 * 6 * 6, 2)
        self.function: Callable[[Idle, Tensor], Tensor] = lambda _, x: x

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, self.first(x))


IDLE = {
    text.strip(): number
    for number, text in enumerate(inspect.getsource(Idle).splitlines(), inspect.getsourcelines(Idle)[1])
}


def idle(forward: Callable[[Idle, Tensor], Tensor], layer: str) -> list[str]:
    """The attributes whose lines made what stands idle before a layer."""

    def make() -> Idle:
        model = Idle()
        model.function = forward
        return model

    origin = _origin(network(make, (4, 6, 6)).by_name[layer])
    names = {number: text.partition(" = ")[0].removeprefix("self.") for text, number in IDLE.items()}
    return [names[lines[0].line] for lines in origin.idle]


@pytest.mark.parametrize(
    ("forward", "modules"),
    [
        (lambda one, x: one.last(one.plain(x).flatten(1)), ["plain"]),
        (lambda one, x: one.last(one.plain(x.flatten(1))), ["plain"]),
        (lambda one, x: one.last(one.own(x).flatten(1)), ["own"]),
        (lambda one, x: one.last(one.empty(x).flatten(1)), ["empty"]),
        (lambda one, x: one.last(one.holds(x).flatten(1)), ["holds"]),
        (lambda one, x: one.last(one.own(one.plain(x).flatten(1))), ["plain", "own"]),
        (lambda one, x: one.last(one.fires(x).flatten(1)), []),
        (lambda one, x: one.last(one.drops(x).flatten(1)), []),
        (lambda one, x: one.last(one.fires(one.plain(x)).flatten(1)), []),
        (lambda one, x: one.last(F.relu(one.plain(x)).flatten(1)), []),
    ],
)
def test_a_layer_knows_what_stands_idle_before_it(
    forward: Callable[[Idle, Tensor], Tensor], modules: list[str]
) -> None:
    assert idle(forward, "last") == modules


def test_who_reads_a_value_before_an_identity_does_not_stand_behind_it() -> None:
    def forward(one: Idle, x: Tensor) -> Tensor:
        before = F.relu(x)
        return one.last((before + one.plain(x)).flatten(1))  # type: ignore[no-any-return]

    assert (idle(forward, "relu"), idle(forward, "add")) == ([], ["plain"])
