"""GA1: shapes and task."""

from __future__ import annotations

from gnet_audit.rules.rule import Rule, Severity

RULES: tuple[Rule, ...] = (
    Rule(
        id="GA101",
        title="output shape without a cause",
        severity=Severity.ERROR,
        fails="a layer's measured shape is neither the derived one nor the one that the paper's network has with all "
        "findings applied; without a finding graver than a note, any other shape fails.",
        why="A measured shape differs from the derived one although no difference of an op explains it.",
        causes="A slice, a crop or a reshape between two layers that the audit does not take for a layer of its own; "
        "or a slip of gnet-audit.",
        cure="Look at the op that first gives the other shape; report it to us if the op is as in the paper.",
        sure="Numeric: both shapes are exact. It says that something is unexplained, not what, so the fault may be "
        "ours.",
    ),
    Rule(
        id="GA102",
        title="number of classes",
        severity=Severity.ERROR,
        fails="out_features of a layer whose width is the number of classes, the main classifier's or an auxiliary "
        "one's, differs from the paper's 1000.",
        why="The classifiers end in another number of classes than the paper's.",
        causes="A build for another task (num_classes=10 for CIFAR-10 or STL-10), or a num_classes that reaches the "
        "main classifier and not the auxiliary ones.",
        cure="Build the model with the paper's number of classes, or accept the finding for another task.",
        sure="Printed in Table 1 for the classifier, stated in section 5 for the heads; structural, read from the "
        "layer that runs.",
    ),
    Rule(
        id="GA103",
        title="input size",
        severity=Severity.WARNING,
        fails="height or width of the input that the audit ran at differs from the paper's 224×224.",
        why="The audit ran at another input size than the paper's; all sizes below are derived for that size.",
        causes="A build for 32×32 or 96×96 images, audited at that size because its layers fit no other.",
        cure="Audit at the paper's size, or accept the finding for another task.",
        sure="Stated in section 5; the size is what the audit was given, so nothing has to be guessed.",
    ),
    Rule(
        id="GA104",
        title="input channels",
        severity=Severity.ERROR,
        fails="the number of channels of the input that the audit ran at differs from the paper's 3.",
        why="The first layer reads another number of channels than the paper's images have.",
        causes="A build for grey images whose first layer is nn.Conv2d(1, 64, 7, 2, 3), as for MNIST.",
        cure="Feed images with the paper's number of channels, or accept the finding for another task.",
        sure="Stated in section 5: RGB; the number is what the audit was given.",
    ),
)
