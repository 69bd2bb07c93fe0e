"""What differs behind a layer: its activation and batch normalisation."""

from __future__ import annotations

from collections.abc import Iterator

from gnet_audit import notation
from gnet_audit.differences import Difference, Place, call_of, lines_of, locate, renamed, source_of
from gnet_audit.findings import Edit, Insert, Remove, SetFields, SetOp
from gnet_audit.network import Activation, BatchNorm, Layer, Source, Status
from gnet_audit.rules import BY_ID, Severity

SILENCE = Source(id="silence", where="a batch normalisation is named nowhere", status=Status.INFERRED)


def differences(at: Place) -> Iterator[Difference]:
    """What follows the one unit and not the other."""
    expected, found = at.expected, at.found
    yield from _batch_norms(at)
    yield from _others(at)
    wanted = next((layer for layer in expected.trail if isinstance(layer.op, Activation)), None)
    present = [layer for layer in found.trail if isinstance(layer.op, Activation)]
    if wanted is None:
        for layer in present:
            yield _added(at, layer)
    elif not present:
        yield _no_activation(at, wanted)
    elif wanted.op not in [layer.op for layer in present]:
        yield _other_activation(at, wanted, present[0])
    else:
        for layer in present:
            if layer.op != wanted.op:
                yield _second(at, wanted, layer)


def _batch_norms(at: Place) -> Iterator[Difference]:
    expected, found = at.expected, at.found
    wanted = [layer for layer in expected.trail if isinstance(layer.op, BatchNorm)]
    present = [layer for layer in found.trail if isinstance(layer.op, BatchNorm)]
    if len(present) > len(wanted):
        yield _added_batch_norm(at, present[0])
    elif len(wanted) > len(present):
        yield Difference(
            rule="GA301",
            attribute="layer",
            slot=wanted[0].name,
            expected=notation.op_text(wanted[0].op),
            found="none",
            severity=Severity.ERROR,
            source=source_of(wanted[0]),
            layer=found.name,
            location=locate(found.anchor),
            cure="Add the batch normalisation.",
            edits=(Remove(layers=(wanted[0].name,)),),
        )


def _added_batch_norm(at: Place, norm: Layer) -> Difference:
    """Batch normalisation makes the convolution's bias redundant, so a bias dropped with it is the same finding."""
    one, two = at.expected.anchor.op, at.found.anchor.op
    bias = getattr(one, "bias", None) is True and getattr(two, "bias", None) is False
    position = at.found.trail.index(norm)
    after = at.expected.trail[: position and len(at.expected.trail)]
    late = any(isinstance(layer.op, Activation) for layer in at.found.trail[:position])
    found = "batch norm" + (" after the activation" if late else "") + (", no bias" if bias else "")
    anchor = (after[-1] if late and after else at.expected.anchor).name
    new = renamed(norm, f"{at.slot}.batch_norm")
    edits: tuple[Edit, ...] = (Insert(after=anchor, layers=(new,), trailing=True),)
    edits += (SetFields(layer=at.slot, fields=(("bias", False),)),) if bias else ()
    return Difference(
        rule="GA215",
        attribute="batch_norm",
        slot=at.slot,
        expected="no batch norm",
        found=found,
        severity=Severity.ERROR,
        source=SILENCE,
        layer=norm.name,
        location=locate(norm),
        cure=BY_ID["GA215"].cure,
        edits=edits,
    )


def _no_activation(at: Place, wanted: Layer) -> Difference:
    return Difference(
        rule="GA213",
        attribute="activation",
        slot=wanted.name,
        expected=notation.op_text(wanted.op),
        found="none",
        severity=Severity.ERROR,
        source=source_of(at.expected.anchor, "activation"),
        layer=at.found.name,
        location=call_of(at.found.last),
        lines=(*lines_of(at.found.last)[-1:], *lines_of(at.found.anchor)),
        cure=f"Apply {notation.op_text(wanted.op)} after the layer.",
        edits=(Remove(layers=(wanted.name,)),),
    )


def _other_activation(at: Place, wanted: Layer, present: Layer) -> Difference:
    return Difference(
        rule="GA213",
        attribute="activation",
        slot=wanted.name,
        expected=notation.op_text(wanted.op),
        found=notation.op_text(present.op),
        severity=Severity.ERROR,
        source=source_of(at.expected.anchor, "activation"),
        layer=present.name,
        lines=lines_of(present),
        cure=f"Use {notation.op_text(wanted.op)} in place of {notation.op_text(present.op)}.",
        edits=(SetOp(layer=wanted.name, op=present.op),),
    )


def _others(at: Place) -> Iterator[Difference]:
    """Another op of each value between the layer and its activation."""
    for layer in at.found.trail:
        if not isinstance(layer.op, Activation | BatchNorm):
            yield _too_much(at, layer, at.slot, rule="GA302", attribute="layer", slot=at.slot, wanted="none")


def _added(at: Place, present: Layer) -> Difference:
    """An activation where the paper has none."""
    return _too_much(at, present, at.expected.last.name, rule="GA302", attribute="layer", slot=at.slot, wanted="none")


def _second(at: Place, wanted: Layer, present: Layer) -> Difference:
    """One activation more than the paper has, before or behind it."""
    own = next(layer for layer in at.found.trail if layer.op == wanted.op)
    first = at.found.trail.index(present) < at.found.trail.index(own)
    after = at.slot if first else at.expected.last.name
    text = notation.op_text(wanted.op)
    return _too_much(at, present, after, rule="GA213", attribute="activation", slot=wanted.name, wanted=text)


def _too_much(
    at: Place, present: Layer, after: str, *, rule: str, attribute: str, slot: str, wanted: str
) -> Difference:
    text = notation.op_text(present.op)
    return Difference(
        rule=rule,
        attribute=attribute,
        slot=slot,
        expected=wanted,
        found=text,
        severity=Severity.ERROR,
        source=source_of(at.expected.anchor, "activation"),
        layer=present.name,
        lines=lines_of(present),
        cure=f"Remove the {text} after the layer.",
        edits=(Insert(after=after, layers=(renamed(present, f"{at.slot}+{present.name}"),), trailing=True),),
    )
