"""Small networks that differ in one thing: the rule that says so, at its slot, with what was expected and found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gnet_audit.compare import Found, compare
from gnet_audit.network import Conv2d, Elementwise, Mode, Network, Weight
from tests.networks import network

TWO = "i: conv 3 8 p1\nk: conv 3 8 p1\n"
JOIN = "i: conv 3 8 p1\na: conv 1 4 < i\nb: conv 3 4 p1 < i\nj: concat < a b\nz: linear 3"
ALONE = "i: conv 3 8 p1\nr: relu < i\ns: add < i r\nz: linear 3"
SHORTCUT = "i: conv 3 8 p1\nk: conv 3 8 p1 < i\np: conv 1 8 < i\nq: conv 1 8 < p\ns: add < k q\nz: linear 5"
Told = tuple[str, str, tuple[str, ...], str, str]


def told(expected: Network, found: Network) -> list[Told]:
    """Everything that is told, notes included."""
    comparison = compare({Mode.EVAL: expected}, {Mode.EVAL: Found(network=found)})
    assert not comparison.refusal
    return [(one.rule, one.attribute, one.rows, one.expected, one.found) for one in comparison.findings]


def changed(whole: Network, name: str, **fields: object) -> Network:
    """One op with other fields."""
    layers = (
        replace(one, op=replace(one.op, **fields)) if one.name == name else one  # type: ignore[arg-type]
        for one in whole.layers
    )
    return replace(whole, layers=tuple(layers))


@pytest.mark.parametrize(
    ("expected", "found", "findings"),
    [
        (f"{TWO}a: maxpool 3 /2\nz: linear 5", f"{TWO}a: maxpool 3 /2 ceil\nz: linear 5",
         [("GA209", "ceil_mode", ("a",), "False", "True")]),
        (f"{TWO}a: avgpool 4 /4\nz: linear 5", f"{TWO}a: adaptive max 8\nz: linear 5",
         [("GA208", "kind", ("a",), "avg", "max")]),
        (f"{TWO}a: adaptive avg 4\nz: linear 5", f"{TWO}a: adaptive max 4\nz: linear 5",
         [("GA208", "kind", ("a",), "avg", "max")]),
        (f"{TWO}z: linear 5", f"{TWO.replace('k: conv 3 8 p1', 'k: conv 3 8 p1 transposed')}z: linear 5",
         [("GA218", "layer", ("k",), "conv 3×3 pad 1, 8", "transposed conv 3×3 pad 1, 8")]),
        # One finding says it all: the width and the stride belong to the other layer.
        (f"{TWO}z: linear 5", f"{TWO.replace('k: conv 3 8 p1', 'k: conv 3 12 p1 /2 transposed')}z: linear 5",
         [("GA218", "layer", ("k",), "conv 3×3 pad 1, 8", "transposed conv 3×3/2 pad 1, 12")]),
        # Where the paper's own convolution stands as well, it is that one.
        (f"{TWO}z: linear 5", "i: conv 3 8 p1\nt: conv 3 8 p1 transposed\nk: conv 3 8 p1\nz: linear 5",
         [("GA302", "layer", ("i",), "none", "transposed conv 3×3 pad 1, 8")]),
        # Behind an op that is not known no size is.
        (f"u: unknown f\n{TWO}z: linear 5", f"u: unknown f\n{TWO.replace('k: conv 3', 'k: conv 5')}z: linear 5",
         [("GA202", "kernel", ("k",), "3×3", "5×5")]),
        # There a padding that no 5×5 usually has cannot be the one that keeps the size.
        (f"u: unknown f\n{TWO}z: linear 5", f"u: unknown f\n{TWO.replace('k: conv 3 8 p1', 'k: conv 5 8 p3')}z: linear 5",
         [("GA202", "kernel", ("k",), "3×3", "5×5"), ("GA204", "padding", ("k",), "1", "3")]),
        (JOIN, JOIN.replace("concat", "add"), [("GA305", "merge", ("j",), "concat", "add")]),
        (JOIN, JOIN.replace("concat", "unknown my::cat"), [("GA305", "merge", ("j",), "concat", "unknown op my::cat")]),
        (ALONE, ALONE.replace("relu", "tanh"), [("GA213", "activation", ("r",), "relu", "tanh")]),
        (f"{TWO}z: linear 10\ny: linear 3", f"{TWO}z: conv 32 12\ny: linear 3",
         [("GA201", "out_features", ("z",), "10", "12"),
          ("GA219", "layer", ("z",), "linear 10", "conv 32×32, 12")]),
        (f"{TWO}z: linear 10\ny: linear 3", f"{TWO}z: conv 32 10 nobias\ny: linear 3",
         [("GA207", "bias", ("z",), "bias", "no bias"),
          ("GA219", "layer", ("z",), "linear 10", "conv 32×32, 10 no bias")]),
        (f"{TWO}z: linear 5", f"{TWO}z: linear 5\nq: softmax",
         [("GA310", "softmax", ("z",), "in the loss", "softmax in the model")]),
        (f"{TWO}q: softmax\nz: linear 5", f"{TWO}z: linear 5", [("GA301", "layer", ("q",), "softmax", "none")]),
        (f"{TWO}a: dropout 0.5\nz: linear 5", f"{TWO}a: dropout 0.5\nd: dropout 0.3\nz: linear 5",
         [("GA302", "layer", ("a",), "none", "dropout 0.3"),
          ("GA309", "active", ("a",), "inactive in eval", "dropout 0.3 active in eval")]),
        (f"{TWO}z: linear 5", SHORTCUT,
         [("GA302", "layer", ("i",), "none", "conv 1×1, 8"), ("GA302", "layer", ("k",), "none", "add")]),
        (f"{TWO}z: linear 5", f"n: lrn\n{TWO}z: linear 5",
         [("GA302", "layer", ("input",), "none",
           "a transform of the input (LRN size 5 alpha 0.0001 beta 0.75 k 1)")]),
        (f"{TWO}z: linear 5", f"{TWO}b: bn\nr: relu\nz: linear 5",
         [("GA215", "batch_norm", ("k",), "no batch norm", "batch norm"), ("GA302", "layer", ("k",), "none", "relu")]),
        ("i: conv 3 8 p1\ni.relu: relu\np: maxpool 3 /2\nl: lrn\nz: linear 5",
         "i: conv 3 8 p1\np: maxpool 3 /2\nl: lrn\nr: relu\nz: linear 5",
         [("GA303", "order", ("i.relu",), "after i", "after l")]),
    ],
)  # fmt: skip
def test_what_differs_is_told_by_its_rule(expected: str, found: str, findings: list[Told]) -> None:
    assert told(network(expected), network(found)) == findings


@pytest.mark.parametrize(
    ("text", "name", "fields", "finding"),
    [
        (f"{TWO}a: avgpool 3 p1 /2\nz: linear 5", "a", {"count_include_pad": False},
         ("GA210", "count_include_pad", ("a",), "True", "False")),
        (f"{TWO}a: dropout 0.5\nz: linear 5", "a", {"channels": True},
         ("GA218", "layer", ("a",), "dropout 0.5", "dropout 0.5 of whole channels")),
        (f"{TWO}a: maxpool 3 /2\nz: linear 5", "a", {"kernel": (40, 40)}, ("GA202", "kernel", ("a",), "3×3", "40×40")),
        # 40 rows do not fit into 32.
        (f"{TWO}z: linear 5", "k", {"kernel": (40, 40)}, ("GA202", "kernel", ("k",), "3×3", "40×40")),
    ],
)  # fmt: skip
def test_an_attribute_that_the_text_cannot_say_is_told_too(
    text: str, name: str, fields: dict[str, object], finding: Told
) -> None:
    whole = network(text)
    assert told(whole, changed(whole, name, **fields)) == [finding]


def test_a_padding_with_which_a_kernel_does_not_fit_is_told_beside_it() -> None:
    # 40 rows do not fit into 32, so nothing says that the padding came with the kernel.
    paper = network(f"{TWO}z: linear 5")
    assert told(paper, changed(paper, "k", kernel=(40, 40), padding=(0, 0, 0, 0))) == [
        ("GA202", "kernel", ("k",), "3×3", "40×40"),
        ("GA204", "padding", ("k",), "1", "0"),
    ]


def test_ranges_of_a_concatenation_that_are_its_inputs_are_those_inputs() -> None:
    cut = JOIN.replace("z: linear", "s: slice 0 4 < j\nt: slice 4 8 < j\nu: concat < s t\nz: linear")
    assert told(network(JOIN), network(cut)) == []
    swapped = cut.replace("u: concat < s t", "u: concat < t s")
    assert told(network(JOIN), network(swapped)) == [("GA304", "order", ("j",), "a, b", "b, a")]


def test_an_op_of_each_value_between_a_layer_and_its_activation_is_told_at_that_layer() -> None:
    plain = network("i: conv 3 8 p1\nr: relu\nz: linear 5")
    marked = network("i: conv 3 8 p1\nm: identity\nr: relu\nz: linear 5")
    scale = Elementwise(function="mul", constants=(None, 2.0))
    layers = tuple(replace(one, op=scale) if one.name == "m" else one for one in marked.layers)
    assert told(plain, replace(marked, layers=layers)) == [("GA302", "layer", ("i",), "none", "mul 2")]


def test_weights_that_are_computed_on_the_way_are_shared_with_nobody() -> None:
    def weighted(name: str) -> Network:
        whole = network(f"{TWO}z: linear 5")
        weight = Weight(role="weight", name=name, shape=(8, 8, 3, 3))
        layers = (replace(one, weights=(weight,)) if isinstance(one.op, Conv2d) else one for one in whole.layers)
        return replace(whole, layers=tuple(layers))

    assert told(network(f"{TWO}z: linear 5"), weighted("")) == []
    assert [one[0] for one in told(network(f"{TWO}z: linear 5"), weighted("i.weight"))] == ["GA311"]


def test_each_constant_of_a_normalisation_is_told_with_its_name() -> None:
    whole = network(f"{TWO}n: lrn\nz: linear 5")
    assert told(whole, changed(whole, "n", k=2.0)) == [("GA211", "k", ("n",), "k 1", "k 2")]
    assert told(whole, changed(whole, "n", size=3, alpha=2e-5)) == [
        ("GA211", "size", ("n",), "size 5", "size 3"),
        ("GA211", "alpha", ("n",), "alpha 0.0001", "alpha 2e-05"),
    ]
    assert told(whole, changed(whole, "n", across="space")) == [
        ("GA211", "across", ("n",), "across channels", "across space")
    ]


@pytest.mark.parametrize(
    ("pool", "findings"),
    [
        ("avgpool 32 /32", []),  # one window, whatever its stride
        ("avgpool 16 /16", [("GA202", "kernel", ("a",), "32×32", "16×16"), ("GA203", "stride", ("a",), "1", "16")]),
    ],
)
def test_a_pool_behind_a_reshape_that_is_left_out_is_judged_at_the_papers_size(pool: str, findings: list[Told]) -> None:
    # Channels shuffled: what nobody knows gives two groups of maps, and a reshape makes one of them again.
    shuffled = network(f"{TWO}u: unknown transpose\na: {pool}\nz: linear 5")
    layers = tuple(replace(one, shape=(4, 2, 32, 32)) if one.name == "u" else one for one in shuffled.layers)
    expected = network(f"{TWO}a: avgpool 32\nz: linear 5")
    known = [one for one in told(expected, replace(shuffled, layers=layers)) if one[0] != "GA302"]
    assert known == findings
