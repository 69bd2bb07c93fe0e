"""GA4: counts of parameters and operations."""

from __future__ import annotations

from gnet_audit.rules.rule import Rule, Severity

RULES: tuple[Rule, ...] = (
    Rule(
        id="GA401",
        title="cancelling errors",
        severity=Severity.NOTE,
        fails="lines of the model differ and the total does not show it: the model's is exactly the derived one, or what "
        "it differs from the derived one takes back nine tenths or more of the paper's own error, which is how far the "
        "derived total is from a stated one (beyond its rounding) or from the printed column's sum (beyond 1 %); in "
        "`flops`: any two of printed, derived and measured within 1 %.",
        why="A total agrees with the paper although its rows do not: the errors cancel.",
        causes="torchvision's 1,498,376,192 MACs agree with the paper's 1.5 billion: the 84 million that its 3×3 lacks "
        "beside the 5×5 take back the 83 million that the paper's total counts too little.",
        cure="Do not trust the total; look at the rows.",
        sure="Arithmetic on exact counts; a total that is met by chance and one that was aimed at look the same.",
    ),
    Rule(
        id="GA402",
        title="number of parameters",
        severity=Severity.ERROR,
        fails="at some slot, head or added layer the parameters measured in the model are not exactly those that the "
        "paper's channels give.",
        why="Layers of the model have another number of parameters than the paper's channels give.",
        causes="A 3×3 kernel in the 5×5 branch, bias=False, batch normalisation, another number of classes.",
        cure="`gnet-audit shapes` names the cause: a kernel, a width, a bias, a batch norm.",
        sure="Numeric and exact: derived from the channel table, measured on the layers that ran. That every layer "
        "has a bias is inferred from Caffe, and no count shows where two errors cancel within one slot.",
    ),
    Rule(
        id="GA403",
        title="number of operations",
        severity=Severity.ERROR,
        fails="at some slot, head or added layer the multiply-accumulates of one image are not exactly those that the "
        "paper's channels give at this input size.",
        why="Layers of the model do another number of multiply-accumulates than the paper's channels give.",
        causes="A 3×3 kernel in the 5×5 branch, a stride or a padding that changes the map, 5×5 in two steps.",
        cure="`gnet-audit shapes` names the cause: a kernel, a width, a stride, the input size.",
        sure="Numeric and exact: products of convolutions and linear layers only, derived and measured by the same "
        "formula; the printed operations play no part in it.",
    ),
    Rule(
        id="GA404",
        title="counter not explained",
        severity=Severity.WARNING,
        fails="the total of torchinfo, fvcore or FlopCounterMode for one image is not ours and the terms that we know "
        "of its way of counting, to the last operation.",
        why="Another counter's total differs from ours by more than what we know of how it counts.",
        causes="A release of the counter that counts some op in a new way, or an op in the model that it does not see.",
        cure="Look at the counter's own account by op; report it to us if the op is counted wrongly here.",
        sure="Numeric: the terms were written for known releases, so a newer one can be right and our account of it "
        "out of date.",
    ),
)
