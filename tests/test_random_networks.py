"""Random series-parallel networks: the same is the same, another is not, and findings lead from one to the other."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from gnet_audit import patch
from gnet_audit.canonical import canonical
from gnet_audit.compare import Comparison, Found, compare
from gnet_audit.findings import Edit, Remove, SetFields, SetOp
from gnet_audit.network import Activation, Concat, Conv2d, Mode, Network
from gnet_audit.rules import Severity
from tests.networks import network, op
from tests.test_compare import anonymous

SEEDS = st.integers(0, 10_000)
MANY = settings(max_examples=80, deadline=None)


def series_parallel(seed: int) -> Network:
    """Convolutions, pools and modules of one to four branches, joined by concatenation; maps stay of one size inside."""
    random = Random(seed)
    lines: list[str] = []

    def conv(source: str) -> str:
        name, kernel = f"c{len(lines)}", random.choice((1, 3, 5))
        lines.append(f"{name}: conv {kernel} {random.choice((4, 6, 8, 12, 16))} p{kernel // 2} < {source}")
        lines.append(f"{name}.relu: {random.choice(('relu', 'relu', 'tanh'))} < {name}")
        return f"{name}.relu"

    last = conv("input")
    for _ in range(random.randint(2, 6)):
        if random.random() < 0.25:
            lines.append(f"p{len(lines)}: maxpool 3 /2 p1 < {last}")
            last = lines[-1].partition(":")[0]
        elif random.random() < 0.5:
            last = conv(last)
        else:
            ends = []
            for _ in range(random.randint(2, 4)):
                end = conv(last)
                ends.append(conv(end) if random.random() < 0.5 else end)
            lines.append(f"j{len(lines)}: concat < {' '.join(ends)}")
            last = lines[-1].partition(":")[0]
    lines.append(f"fc: linear 10 < {last}")
    return network("\n".join(lines), input_shape=(3, 64, 64))


def held(expected: Network, found: Network) -> Comparison:
    """One network against another whose names say nothing."""
    return compare({Mode.EVAL: expected}, {Mode.EVAL: Found(network=anonymous(found))})


def serious(comparison: Comparison) -> list[str]:
    """What is told above a note, or the refusal."""
    told = [finding.message for finding in comparison.findings if finding.severity is not Severity.NOTE]
    return [*told, *([comparison.refusal] if comparison.refusal else [])]


def shape_of(whole: Network) -> object:
    """A network without its names, for telling whether two are the same."""
    index = {layer.name: number for number, layer in enumerate(canonical(whole).network.layers)}
    return [(layer.op, tuple(index[name] for name in layer.inputs)) for layer in canonical(whole).network.layers]


@given(SEEDS)
@MANY
def test_a_network_compared_with_itself_gives_nothing(seed: int) -> None:
    one = series_parallel(seed)
    assert serious(held(one, one)) == []


@given(SEEDS, SEEDS)
@MANY
def test_two_different_networks_never_compare_equal(first: int, second: int) -> None:
    one, two = series_parallel(first), series_parallel(second)
    if shape_of(one) != shape_of(two):
        assert serious(held(one, two))


def single_edit(whole: Network, random: Random) -> Edit:
    """One wrong number or op somewhere."""
    layer = random.choice([layer for layer in whole.layers if isinstance(layer.op, Conv2d | Activation | Concat)])
    match layer.op:
        case Conv2d(kernel=kernel) if kernel != (1, 1) and random.random() < 0.5:
            return SetFields(layer=layer.name, fields=(("dilation", (2, 2)), ("padding", (kernel[0] - 1,) * 4)))
        case Conv2d(out_channels=width):
            return SetFields(layer=layer.name, fields=(("out_channels", width + 2),))
        case Activation(function=function):
            return SetOp(layer=layer.name, op=op("tanh" if function == "relu" else "relu"))
        case _:
            return Remove(layers=(layer.inputs[0],))


@given(SEEDS, SEEDS)
@MANY
def test_findings_applied_to_the_expected_network_give_the_found_one(seed: int, edit: int) -> None:
    one = series_parallel(seed)
    two = patch.apply(one, [single_edit(one, Random(edit))])
    comparison = held(one, two)
    if comparison.refusal:
        return
    assert serious(comparison)
    edits = [edit for finding in comparison.findings for edit in finding.edits]
    patched = replace(patch.apply(one, edits))
    assert serious(held(patched, two)) == []
    assert sorted(layer.params for layer in patched.layers) == sorted(layer.params for layer in two.layers)
