"""A finding in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

_WORDS = {
    "out_channels": "number of output channels",
    "out_features": "number of output features",
    "num_classes": "number of classes",
    "padding_mode": "padding mode",
    "ceil_mode": "ceil mode",
    "rate": "dropout rate",
    "kind": "kind of pooling",
    "adaptive": "form of pooling",
    "weights": "source of weights",
    "in_channels": "number of input channels",
    "input_size": "input size",
}


BEHIND = ", written in place through a view"
"""What is said of a function that wrote into a layer's value behind its back."""

NOTHING_READS = "that nothing reads"
"""How what a layer has too much of ends: it stands in the layer, not behind it."""


def is_behind(rule: str, found: str) -> bool:
    """Whether what was found stands behind the slots that a finding names, so that these are as in the paper."""
    added = rule == "GA302" and not found.endswith(NOTHING_READS)
    return added or rule == "GA313" or (rule == "GA309" and "active" not in found.split(maxsplit=1)[0])


def message(rule: str, rows: Sequence[str], attribute: str, expected: str, found: str) -> str:
    """What is wrong, where, in one sentence."""
    who = places(rows)
    has, is_, stands, its = ("has", "is", "stands", "its") if len(rows) == 1 else ("have", "are", "stand", "their")
    match rule:
        case "GA301":
            return f"{who} {is_} missing: nothing in the model stands for {expected}."
        case "GA302" if is_behind(rule, found):
            return f"After {who} the model has {found}, the paper nothing."
        case "GA302":
            return f"{who} {has} {found}."
        case "GA303":
            return f"{who} {stands} {found}; in the paper {expected}."
        case "GA304":
            return f"{who} {has} {its} branches in the order {found}; the paper's order is {expected}."
        case "GA306":
            return f"{who} {is_} not there in training ({found})."
        case "GA307":
            return f"{who} {has} {its} input from {found}; in the paper from {expected}."
        case "GA308":
            return f"{who} {has} a part in eval: {found}."
        case "GA309" if is_behind(rule, found):
            return f"After {who} the model has {found}."
        case "GA309":
            return f"{who} {is_} {found}, in the paper {expected}."
        case "GA311":
            return f"{who} {has} {found}; in the paper {expected}."
        case "GA313":
            return f"After {who} hangs an output that the paper has not: {found}."
        case "GA315":
            return f"{who} {is_} {found} as well."
        case "GA310":
            return f"The model ends in {found}; in the paper's table it is the last row, in PyTorch a part of the loss."
        case "GA211":
            return f"{who} {has} {found}; the paper's is {expected}."
        case "GA215":
            return f"{who} {has} {found}, which the paper does not know."
        case "GA219":
            return f"{who} {is_} written in another form of the same function: {found}."
        case _:
            word = _WORDS.get(attribute, attribute.replace("_", " "))
            return f"{who} {has} another {word}: {found}; the paper's is {expected}."


def places(rows: Sequence[str]) -> str:
    """Slots as the subject of a sentence: all of few, the number of many."""
    if len(rows) <= 3:
        return " and ".join(rows)
    return f"{len(rows)} slots ({rows[0]} … {rows[-1]})"
