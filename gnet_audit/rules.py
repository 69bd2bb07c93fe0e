"""The rules: what a finding can say, as data.

Families: GA0 the paper against itself, GA1 shapes and task, GA2 layer attributes, GA3 graph,
GA4 counts, GA5 training, GA6 performance.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a difference weighs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for a note, 2 for an error."""
        return ("note", "warning", "error").index(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of finding; `severity` is the default, the source of the fact may lower it."""

    id: str
    title: str
    severity: Severity
    why: str
    cure: str


def _rule(id: str, title: str, severity: Severity, why: str, cure: str) -> Rule:
    return Rule(id=id, title=title, severity=severity, why=why, cure=cure)


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

RULES: tuple[Rule, ...] = (
    _rule(
        "GA101", "output shape without a cause", _E,
        "A measured shape differs from the derived one although no difference of an op explains it.",
        "Look at the op that first gives the other shape; report it to us if the op is as in the paper.",
    ),
    _rule(
        "GA102", "number of classes", _E,
        "The classifiers end in another number of classes than the paper's.",
        "Build the model with the paper's number of classes, or accept the finding for another task.",
    ),
    _rule(
        "GA103", "input size", _W,
        "The audit ran at another input size than the paper's; all sizes below are derived for that size.",
        "Audit at the paper's size, or accept the finding for another task.",
    ),
    _rule(
        "GA104", "input channels", _E,
        "The first layer reads another number of channels than the paper's images have.",
        "Feed images with the paper's number of channels, or accept the finding for another task.",
    ),
    _rule(
        "GA201", "output channels", _E,
        "The layer has another width than the table prints.",
        "Set out_channels (out_features) to the printed number.",
    ),
    _rule(
        "GA202", "kernel", _E,
        "Another kernel sees another patch of the image: weights, work and receptive field change.",
        "Set kernel_size to the printed patch size, and the padding that keeps the output size.",
    ),
    _rule(
        "GA203", "stride", _E,
        "Another stride changes the size of everything after it.",
        "Set stride to the printed one.",
    ),
    _rule(
        "GA204", "padding", _E,
        "Other padding moves the windows, even where the output size stays the same.",
        "Set padding as expected.",
    ),
    _rule(
        "GA205", "dilation", _E,
        "A dilated kernel reads other pixels than a plain one.",
        "Set dilation=1.",
    ),
    _rule(
        "GA206", "groups", _E,
        "A grouped convolution connects only some of the channels.",
        "Set groups as expected.",
    ),
    _rule(
        "GA207", "bias", _W,
        "The layer has a bias where the reference has none, or none where it has one.",
        "Set bias as expected.",
    ),
    _rule(
        "GA208", "pool kind", _E,
        "A maximum and an average are different functions of the same window.",
        "Use the pooling that the paper names.",
    ),
    _rule(
        "GA209", "ceil mode", _W,
        "Rounding the output size down drops the last window.",
        "Set ceil_mode as expected.",
    ),
    _rule(
        "GA210", "count_include_pad", _W,
        "Averages at the border count the padding or not.",
        "Set count_include_pad as expected.",
    ),
    _rule(
        "GA211", "LRN constants", _W,
        "Local response normalisation with other constants is another function.",
        "Use the constants of the source named.",
    ),
    _rule(
        "GA212", "dropout rate", _E,
        "The rate is stated: 40 % before the classifier, 70 % in the auxiliary heads.",
        "Set p to the share of outputs that the paper drops.",
    ),
    _rule(
        "GA213", "activation", _E,
        "The paper uses the rectified linear activation after every convolution, reductions and projections included.",
        "Apply the expected activation after the layer.",
    ),
    _rule(
        "GA214", "adaptive pooling", _E,
        "Adaptive windows differ from fixed ones wherever the input is not a multiple of the output.",
        "Use the fixed kernel and stride that the paper states.",
    ),
    _rule(
        "GA215", "batch normalisation", _E,
        "The paper predates batch normalisation: other parameters, other statistics, other training.",
        "Remove the batch normalisation and give the convolution its bias.",
    ),
    _rule(
        "GA216", "padding mode", _E,
        "The border is filled with other values than zeros.",
        "Set padding_mode='zeros'.",
    ),
    _rule(
        "GA217", "kernel factorised", _E,
        "One large kernel is built as several small ones: the same receptive field, another function.",
        "Use one convolution with the printed kernel.",
    ),
    _rule(
        "GA218", "kind of layer", _E,
        "Another op stands where the paper has this one.",
        "Use the op that the paper names.",
    ),
    _rule(
        "GA219", "equivalent form", _N,
        "Written differently, the same function at this input size.",
        "Nothing has to change.",
    ),
    _rule(
        "GA301", "layer missing", _E,
        "A layer of the paper has no counterpart in the model.",
        "Add the layer.",
    ),
    _rule(
        "GA302", "layer added", _E,
        "The model has a layer that the paper has not.",
        "Remove the layer.",
    ),
    _rule(
        "GA303", "order of layers", _E,
        "The same layers in another order are another function.",
        "Move the layer to its place in the paper.",
    ),
    _rule(
        "GA304", "order of the concatenation", _W,
        "Branches are concatenated in another order: the weights of other builds do not fit.",
        "Concatenate in the order 1×1, 3×3, 5×5, pool projection.",
    ),
    _rule(
        "GA305", "kind of merge", _E,
        "Branches are joined in another way than the paper's.",
        "Join the branches as the paper does.",
    ),
    _rule(
        "GA306", "auxiliary head missing", _E,
        "The paper trains with auxiliary classifiers.",
        "Build the head, wire it and return its output in training.",
    ),
    _rule(
        "GA307", "tap of an auxiliary head", _E,
        "The head hangs on another layer than the paper's.",
        "Feed the head from the stated row.",
    ),
    _rule(
        "GA308", "auxiliary head in eval", _E,
        "The paper removes the auxiliary heads at inference.",
        "Run the heads in training mode only.",
    ),
    _rule(
        "GA309", "dropout in the wrong mode", _E,
        "Dropout must work in training and be inactive in eval.",
        "Use nn.Dropout, or pass training=self.training.",
    ),
    _rule(
        "GA310", "softmax inside", _W,
        "A model that ends in a softmax and is trained with cross-entropy applies it twice.",
        "Return the logits and leave the softmax to the loss.",
    ),
    _rule(
        "GA311", "shared weights", _E,
        "Layers that the paper keeps apart use the same parameters.",
        "Construct a module of its own for each.",
    ),
    _rule(
        "GA312", "wiring", _E,
        "The layer reads another layer's output than the paper's.",
        "Connect it as in the paper.",
    ),
    _rule(
        "GA313", "auxiliary head added", _E,
        "The model has an output with layers of its own that the paper has not.",
        "Remove it.",
    ),
    _rule(
        "GA314", "forward raises", _E,
        "The model cannot be run in this mode, so nothing after the failing op could be checked.",
        "Mend the forward; the message and the line are in the finding.",
    ),
    _rule(
        "GA315", "output added", _N,
        "The model returns an inner value as well.",
        "Nothing has to change.",
    ),
    _rule(
        "GA401", "cancelling errors", _N,
        "A total agrees with the paper although its rows do not: the errors cancel.",
        "Do not trust the total; look at the rows.",
    ),
)

BY_ID = {rule.id: rule for rule in RULES}
