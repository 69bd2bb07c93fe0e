"""Parameters that layers share: told at both places, or where a layer is used again instead of the paper's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gnet_audit import audit, patch
from gnet_audit.compare import Found, compare
from gnet_audit.findings import Finding
from gnet_audit.network import (
    UNCALLED,
    CodeOrigin,
    Layer,
    Location,
    Mode,
    Network,
    Source,
    SpecOrigin,
    Status,
    Unverified,
    Weight,
)
from gnet_audit.proof import ProofStatus
from gnet_audit.rules import BY_ID, Severity
from tests.mistakes.plan import TABLE, Plan, Written, paper
from tests.networks import network

PAPER = "a: conv 3 8 p1\nb: conv 3 16 p1\nc: conv 3 16 p1\nd: conv 1 16\ne: conv 5 16 p2\nz: linear 3"
LEAVES = ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_proj")


def tied(text: str, *names: str) -> Network:
    """A network whose layers of these names use the same parameter."""
    whole = network(text)
    weight = Weight(role="weight", name="m.weight", shape=(16, 16, 3, 3))
    return replace(
        whole, layers=tuple(replace(one, weights=(weight,)) if one.name in names else one for one in whole.layers)
    )


def findings(found: Network) -> tuple[Finding, ...]:
    """What is told of a model beside PAPER."""
    return compare({Mode.EVAL: network(PAPER)}, {Mode.EVAL: Found(network=found)}).findings


@pytest.mark.parametrize(
    ("found", "names", "told"),
    [
        # The 3×3 of c where the 1×1 of d belongs: its kernel and its padding are those of c.
        (PAPER.replace("d: conv 1 16", "d: conv 3 16 p1"), "cd", [("GA311", ("d",), "the layer of c again")]),
        (PAPER.replace("d: conv 1 16", "d: conv 3 16 p1").replace("e: conv 5 16 p2", "e: conv 3 16 p1"), "cde",
         [("GA311", ("d", "e"), "the layer of c again")]),
        # The right place comes after the wrong one.
        (PAPER.replace("c: conv 3 16 p1", "c: conv 1 16"), "cd", [("GA311", ("c",), "the layer of d again")]),
        # Weights of its own: another kernel, whoever has the same.
        (PAPER.replace("d: conv 1 16", "d: conv 3 16 p1"), "", [("GA202", ("d",), "3×3")]),
        # The same weights with another dilation are no second use of the same layer.
        (PAPER.replace("d: conv 1 16", "d: conv 3 16 p2 d2"), "cd",
         [("GA202", ("d",), "3×3 dilation 2"), ("GA311", ("c", "d"), "weights that another layer uses too")]),
        # What is wrong at both places is so by itself.
        (PAPER.replace("d: conv 1 16", "d: conv 5 16 p2").replace("c: conv 3 16 p1", "c: conv 5 16 p2"), "cd",
         [("GA202", ("c",), "5×5"), ("GA202", ("d",), "5×5"),
          ("GA311", ("c", "d"), "weights that another layer uses too")]),
        # What follows the layer is not the layer's.
        (PAPER.replace("d: conv 1 16", "d: conv 3 16 p1\nr: relu"), "cd",
         [("GA302", ("d",), "relu"), ("GA311", ("d",), "the layer of c again")]),
        # As right here as there: told at both.
        (PAPER, "bc", [("GA311", ("b", "c"), "weights that another layer uses too")]),
    ],
)  # fmt: skip
def test_a_layer_that_is_used_again_is_the_cause_of_what_differs_there(
    found: str, names: str, told: list[tuple[str, tuple[str, ...], str]]
) -> None:
    assert sorted((one.rule, one.rows, one.found) for one in findings(tied(found, *names))) == told


def called(whole: Network, lines: dict[str, int]) -> Network:
    """The layers of a module `block`, called at these lines."""

    def at(layer: Layer) -> Layer:
        line = lines.get(layer.name)
        calls = (Location(file="net.py", line=5), Location(file="net.py", line=line)) if line else ()
        return replace(layer, origin=CodeOrigin(module=f"block.{layer.name}", calls=calls)) if line else layer

    return replace(whole, layers=tuple(map(at, whole.layers)))


def test_it_stands_where_it_is_called_again_and_says_which_module_may_be_meant() -> None:
    found = called(tied(PAPER.replace("d: conv 1 16", "d: conv 3 16 p1"), "c", "d"), {"c": 20, "d": 21})
    left = Unverified(what="one", why=UNCALLED, where=Location(file="net.py", line=9))
    (finding,) = findings(replace(found, unverified=(left,)))
    assert finding.location == Location(file="net.py", line=21)
    assert finding.cause == "block.d is called here as well as for c"
    assert finding.cure == "Call a module of its own for d: one, made at line 9 and never called, may be meant."
    (finding,) = findings(replace(found, unverified=(left, replace(left, what="two"))))
    assert finding.cure == "Call a module of its own for d."


@pytest.mark.parametrize(
    ("more", "cure"),
    [
        ("", "Call a module of its own for d. Call a module of its own for e."),
        ("f: conv 5 16 p2", "At d: Call a module of its own for d. Likewise at the others."),
    ],
)
def test_what_to_do_is_said_of_two_places_and_of_the_first_of_more(more: str, cure: str) -> None:
    # The 3x3 of c once more in place of the 1x1 of d, of the 5x5 of e and perhaps of that of f.
    right = PAPER.replace("z:", f"{more}\nz:")
    wrong = right.replace("d: conv 1 16", "d: conv 3 16 p1").replace("conv 5 16 p2", "conv 3 16 p1")
    found = tied(wrong, *"cdef")
    (finding,) = compare({Mode.EVAL: network(right)}, {Mode.EVAL: Found(network=found)}).findings
    assert (finding.rule, finding.cure) == ("GA311", cure)


def test_it_stands_at_the_outermost_line_that_did_not_lead_to_the_other_place() -> None:
    found = tied(PAPER.replace("d: conv 1 16", "d: conv 3 16 p1"), "c", "d")
    calls = {
        name: tuple(Location(file="net.py", line=line) for line in (5, own, 99)) for name, own in (("c", 20), ("d", 21))
    }
    layers = (replace(one, origin=CodeOrigin(calls=calls.get(one.name, ()))) for one in found.layers)
    (finding,) = findings(replace(found, layers=tuple(layers)))
    assert finding.location == Location(file="net.py", line=21)


def using(whole: Network, **weights: Weight | tuple[Weight, ...]) -> Network:
    """The network with these parameters at the layers of these names."""

    def own(layer: Layer) -> tuple[Weight, ...]:
        given = weights.get(layer.name, ())
        return (given,) if isinstance(given, Weight) else given

    return replace(whole, layers=tuple(replace(one, weights=own(one)) for one in whole.layers))


SOME = Weight(role="weight", name="m.weight", shape=(16, 16, 3, 3))


@pytest.mark.parametrize(
    ("one", "two", "both"),
    [
        (SOME, SOME, True),
        (replace(SOME, role="bias"), replace(SOME, role="bias"), True),
        (replace(SOME, role="running_mean"), replace(SOME, role="running_mean"), False),
        # Computed on the way by each of them.
        (replace(SOME, name=""), replace(SOME, name=""), False),
        (SOME, replace(SOME, rows=(8, 16)), True),
        (replace(SOME, rows=(8, 16)), SOME, True),
        (replace(SOME, rows=(0, 8)), replace(SOME, rows=(8, 16)), False),
        (replace(SOME, rows=(8, 16)), replace(SOME, rows=(0, 8)), False),
        (replace(SOME, rows=(0, 9)), replace(SOME, rows=(8, 16)), True),
        (replace(SOME, rows=(8, 16)), replace(SOME, rows=(0, 9)), True),
        (replace(SOME, rows=(4, 8)), replace(SOME, rows=(0, 16)), True),
    ],
)
def test_layers_share_what_both_read_of_a_parameter(one: Weight, two: Weight, both: bool) -> None:
    told = findings(using(network(PAPER), b=one, c=two))
    assert [(finding.rule, finding.rows) for finding in told] == ([("GA311", ("b", "c"))] if both else [])


def test_a_shared_parameter_is_told_with_all_that_its_reader_needs() -> None:
    line = Location(file="net.py", line=4)
    found = using(network(PAPER), b=SOME, c=SOME)
    layers = (replace(one, origin=CodeOrigin(constructed=(line,))) if one.name == "b" else one for one in found.layers)
    (told,) = findings(replace(found, layers=tuple(layers)))
    assert (told.rule, told.severity, told.attribute) == ("GA311", Severity.ERROR, "weights")
    assert (told.expected, told.found) == ("weights of its own", "weights that another layer uses too")
    assert (told.layers, told.location, told.edits) == (("b", "c"), line, ())
    assert told.cause == "b and c read the same parameter"
    assert told.cure == BY_ID["GA311"].cure


def test_a_weight_shared_with_one_layer_and_a_bias_with_another_are_told_of_all_three() -> None:
    bias = Weight(role="bias", name="m.bias", shape=(16,))
    (told,) = findings(using(network(PAPER), b=(SOME, bias), c=SOME, e=bias))
    assert (told.rows, told.cause) == (("b", "c", "e"), "b and c and e read the same parameter")


def test_of_many_layers_that_share_a_parameter_eight_others_are_named() -> None:
    names = [f"c{index}" for index in range(12)]
    text = "\n".join([*(f"{name}: conv 3 16 p1" for name in names), "z: linear 3"])
    found = using(network(text), **dict.fromkeys(names, SOME))
    (told,) = compare({Mode.EVAL: network(text)}, {Mode.EVAL: Found(network=found)}).findings
    assert told.rows == tuple(names)
    assert told.cause == f"{' and '.join(names[:9])} read the same parameter"


def test_a_second_use_is_told_with_the_edits_of_what_follows_from_it() -> None:
    line = Location(file="net.py", line=4)
    found = tied(PAPER.replace("d: conv 1 16", "d: conv 3 16 p1"), "c", "d")
    layers = (replace(one, origin=CodeOrigin(constructed=(line,))) if one.name == "d" else one for one in found.layers)
    (told,) = findings(replace(found, layers=tuple(layers)))
    assert (told.rule, told.severity, told.attribute, told.expected) == (
        "GA311", Severity.ERROR, "weights", "weights of its own",
    )  # fmt: skip
    assert (told.layers, told.location, told.cause) == (("d",), line, "d is called here as well as for c")
    assert patch.apply(network(PAPER), told.edits).by_name["d"].op == found.by_name["d"].op


@pytest.mark.parametrize(
    ("modules", "said"),
    [
        ({"d": "blocks.two.d", "e": "blocks.two.e"}, "blocks.two"),
        ({"d": "blocks.two", "e": "blocks.two"}, "blocks.two"),
        ({"d": "blocks.two.d", "e": "blocks.one.e"}, "blocks"),
        ({"d": "two.d.x", "e": "two"}, "two"),
        ({"d": "left", "e": "right"}, "d"),
        ({"e": "blocks.two"}, "blocks.two"),
        ({}, "d"),
    ],
)
def test_the_module_that_is_called_again_is_the_innermost_that_has_all_the_layers(
    modules: dict[str, str], said: str
) -> None:
    expected = rowed(network(PAPER), c="one", d="two", e="two")
    wrong = PAPER.replace("d: conv 1 16", "d: conv 3 16 p1").replace("e: conv 5 16 p2", "e: conv 3 16 p1")
    found = tied(wrong, *"cde")
    layers = (
        replace(one, origin=CodeOrigin(module=modules[one.name])) if one.name in modules else one
        for one in found.layers
    )
    given = {Mode.EVAL: Found(network=replace(found, layers=tuple(layers)))}
    (told,) = compare({Mode.EVAL: expected}, given).findings
    assert (told.rows, told.found) == (("d", "e"), "the layers of one again")
    assert told.cause == f"{said} is called here as well as for one"
    assert told.cure == "Call a module of its own for two."
    assert told.source == SOURCE


SOURCE = Source(id="t", where="Table 1", status=Status.STATED)


def rowed(whole: Network, **rows: str) -> Network:
    """The network with its layers in these rows of a paper."""

    def origin(layer: Layer) -> SpecOrigin | None:
        row = rows.get(layer.name)
        return SpecOrigin(row=row, title=row, source=SOURCE) if row else None

    return replace(whole, layers=tuple(replace(one, origin=origin(one)) for one in whole.layers))


@pytest.mark.parametrize("first", [True, False])
def test_a_whole_row_of_layers_that_is_as_right_at_both_belongs_where_it_comes_first(first: bool) -> None:
    # A row of two layers used a second time; with a third one of its own the second row is not the first again.
    own = "" if first else "\nf: conv 1 16"
    text = f"a: conv 3 16 p1\nb: conv 3 16 p1\nc: conv 5 16 p2\nd: conv 3 16 p1\ne: conv 5 16 p2{own}\nz: linear 3"
    expected = rowed(network(text), b="one", c="one", d="two", e="two", f="two")
    other = replace(SOME, name="n.weight", shape=(16, 16, 5, 5))
    found = using(network(text), b=SOME, c=other, d=SOME, e=other)
    told = compare({Mode.EVAL: expected}, {Mode.EVAL: Found(network=found)}).findings
    rows, said = (
        (("d", "e"), "the layers of one again") if first else (tuple("bcde"), "weights that another layer uses too")
    )
    assert [(one.rule, one.rows, one.found) for one in told] == [("GA311", rows, said)]


def test_single_layers_of_two_rows_that_share_a_parameter_are_told_at_both() -> None:
    expected = rowed(network(PAPER), b="one", c="two")
    told = compare({Mode.EVAL: expected}, {Mode.EVAL: Found(network=using(network(PAPER), b=SOME, c=SOME))}).findings
    assert [(one.rule, one.rows, one.found, one.source) for one in told] == [
        ("GA311", ("b", "c"), "weights that another layer uses too", SOURCE)
    ]


def test_one_wrong_layer_of_a_row_tells_which_of_two_rows_is_the_second_use() -> None:
    text = "a: conv 3 16 p1\nb: conv 3 16 p1\nc: conv 5 16 p2\nd: conv 1 16\ne: conv 5 16 p2\nf: conv 1 16\nz: linear 3"
    expected = rowed(network(text), b="one", c="one", d="two", e="two", f="two")
    other = replace(SOME, name="n.weight", shape=(16, 16, 5, 5))
    found = using(network(text.replace("d: conv 1 16", "d: conv 3 16 p1")), b=SOME, c=other, d=SOME, e=other)
    told = compare({Mode.EVAL: expected}, {Mode.EVAL: Found(network=found)}).findings
    assert [(one.rule, one.rows, one.found) for one in told] == [("GA311", ("d", "e"), "the layers of one again")]


def test_a_module_that_is_left_over_may_be_meant_wherever_it_was_made() -> None:
    found = tied(PAPER.replace("d: conv 1 16", "d: conv 3 16 p1"), "c", "d")
    (told,) = findings(replace(found, unverified=(Unverified(what="one", why=UNCALLED),)))
    assert told.cure == "Call a module of its own for d: one, never called, may be meant."


def block(plan: Plan, here: str, there: str) -> Plan:
    """The module of one row called at another one as well."""
    for leaf in LEAVES:
        plan = plan.tie(f"inception_{here}.{leaf}", f"inception_{there}.{leaf}")
    return plan


def early(plan: Plan) -> Plan:
    """4c called at its own place and at that of 4b before."""
    for leaf, width in zip(LEAVES, TABLE["4c"], strict=True):
        plan = plan.change(f"inception_4b.{leaf}", out_channels=width)
    return block(plan, "4c", "4b")


@pytest.mark.parametrize(
    ("plan", "here", "there"), [(block(paper(), "4c", "4b"), "4c", "4b"), (early(paper()), "4b", "4c")]
)
def test_a_module_called_again_in_place_of_another_is_one_finding_and_proven(plan: Plan, here: str, there: str) -> None:
    report = audit(Written(plan))
    (finding,) = [one for one in report.findings if one.severity is not Severity.NOTE]
    assert (finding.rule, finding.found) == ("GA311", f"the layers of inception_{there} again")
    assert finding.rows == tuple(f"inception_{here}.{leaf}" for leaf in LEAVES)
    assert report.proof is not None
    assert [mode.status for mode in report.proof.modes] == [ProofStatus.PROVEN] * 2, report.proof.line
    # Its parameters are counted once, so none of those that the paper gives the row are there.
    own = sum(row.expected_params or 0 for row in report.rows if row.row == f"inception_{here}")
    assert finding.cost is not None
    assert (finding.cost.params, finding.cost.total_params) == (-own, -own)
    assert report.totals.params is not None
    assert report.totals.params == (report.totals.expected_params or 0) - own


def test_a_module_called_in_three_places_is_told_at_the_two_where_it_does_not_belong() -> None:
    report = audit(Written(block(block(paper(), "4c", "4b"), "4d", "4b")), prove=False)
    found = [one for one in report.findings if one.rule == "GA311"]
    assert [one.found for one in found] == ["the layers of inception_4b again"]
    assert {row.rpartition(".")[0] for row in found[0].rows} == {"inception_4c", "inception_4d"}


def test_the_widths_of_a_wrong_module_that_is_called_twice_are_told_once() -> None:
    plan = block(
        paper().change("inception_4b.3x3", out_channels=230).change("inception_4b.1x1", out_channels=154), "4c", "4b"
    )
    told = [
        (one.rule, one.rows) for one in audit(Written(plan), prove=False).findings if one.severity is not Severity.NOTE
    ]
    assert told == [
        ("GA201", ("inception_4b.1x1",)),
        ("GA201", ("inception_4b.3x3",)),
        ("GA311", tuple(f"inception_4c.{leaf}" for leaf in LEAVES)),
    ]


def test_layers_that_two_heads_share_in_part_are_told_at_both() -> None:
    report = audit(Written(paper().tie("aux2.fc1", "aux1.fc1").tie("aux2.fc2", "aux1.fc2")), prove=False)
    told = {one.rows for one in report.findings if one.rule == "GA311"}
    assert told == {("aux1.fc1", "aux1.fc2", "aux2.fc1", "aux2.fc2")}
