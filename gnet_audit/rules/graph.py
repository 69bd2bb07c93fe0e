"""GA3: the graph, its outputs and its modes."""

from __future__ import annotations

from gnet_audit.rules.rule import Rule, Severity

RULES: tuple[Rule, ...] = (
    Rule(
        id="GA301",
        title="layer missing",
        severity=Severity.ERROR,
        fails="a layer, a branch or a whole row of the paper has no counterpart in the model; the softmax, which the "
        "loss may hold, and a dropout that drops nothing are excused.",
        why="A layer of the paper has no counterpart in the model.",
        causes="No nn.LocalResponseNorm, as in most ports; the 1×1 reduction before the second convolution left out; "
        "a module defined in __init__ and never called.",
        cure="Add the layer.",
        sure="Structural: it is what runs that counts, not what is defined. The alignment decides what is missing "
        "where several neighbours differ at once.",
    ),
    Rule(
        id="GA302",
        title="layer added",
        severity=Severity.ERROR,
        fails="an op with an effect runs in the model where the paper has none, or a convolution has output channels "
        "that nothing reads; a softmax, batch normalisation behind a layer and whole heads have rules of their own.",
        why="The model has a layer that the paper has not.",
        causes="A ReLU behind the logits, a second linear layer before the classifier, a normalisation of the input "
        "inside forward, an extra dropout.",
        cure="Remove the layer.",
        sure="Structural: ops that change nothing are taken away first. Where it stands among several differing "
        "neighbours is the alignment's judgement.",
    ),
    Rule(
        id="GA303",
        title="order of layers",
        severity=Severity.ERROR,
        fails="a layer is missing at its place in the paper, and the same op is added within two rows of it; or an "
        "activation stands behind the next layer instead of its own (told once where that layer has moved there).",
        why="The same layers in another order are another function.",
        causes="nn.LocalResponseNorm before the max pool in the stem; the max pool of the pool branch behind its "
        "projection; the dropout behind the linear layer.",
        cure="Move the layer to its place in the paper.",
        sure="The order is printed or drawn in figure 3; structural. Two differences, one layer left out and another "
        "put in, would look the same.",
    ),
    Rule(
        id="GA304",
        title="order of the concatenation",
        severity=Severity.WARNING,
        fails="the branches that reach torch.cat come in another order than 1×1, 3×3, 5×5, pool projection, each "
        "branch known by its layers.",
        why="Branches are concatenated in another order: the weights of other builds do not fit.",
        causes="torch.cat([b1, b5, b3, pool], 1) written from memory; a dict or a set of branches, joined in its own "
        "order.",
        cure="Concatenate in the order 1×1, 3×3, 5×5, pool projection.",
        sure="Inferred: figure 3 draws that order from left to right and Caffe has it; for training it makes no "
        "difference, for exchanging weights it does.",
    ),
    Rule(
        id="GA305",
        title="kind of merge",
        severity=Severity.ERROR,
        fails="the branches of a module are joined by something else than a concatenation over the channels, such as "
        "a sum.",
        why="Branches are joined in another way than the paper's.",
        causes="x1 + x3 + x5 + xp after making all widths equal, as in a residual block.",
        cure="Join the branches as the paper does.",
        sure="Figure 2(b) and figure 3 (DepthConcat) say it; structural.",
    ),
    Rule(
        id="GA306",
        title="auxiliary head missing",
        severity=Severity.ERROR,
        fails="no output of the model in training resembles the auxiliary classifier, or its layers run and their "
        "result is not returned.",
        why="The paper trains with auxiliary classifiers.",
        causes="aux_logits=False by default; a head that is built in __init__ and never called; a head that is called "
        "and left out of the return.",
        cure="Build the head, wire it and return its output in training.",
        sure="Stated in section 5; structural, from one run in training mode. A head that is wired otherwise beyond "
        "recognition is told as one missing and one added.",
    ),
    Rule(
        id="GA307",
        title="tap of an auxiliary head",
        severity=Severity.ERROR,
        fails="the layer that a head reads is not the one whose output the paper feeds to it: 4a for the first, 4d "
        "for the second.",
        why="The head hangs on another layer than the paper's.",
        causes="The head behind the wrong block in a flat forward, such as 4b or 4e; both heads on the same one; the "
        "head in front of the block.",
        cure="Feed the head from the stated row.",
        sure="Stated in section 5: on the outputs of (4a) and (4d); structural. Not told where the right layer itself "
        "is missing from the model.",
    ),
    Rule(
        id="GA308",
        title="auxiliary head in eval",
        severity=Severity.ERROR,
        fails="layers that were matched to a head in training run in eval mode too, whether or not their result is "
        "returned.",
        why="The paper removes the auxiliary heads at inference.",
        causes="A forward that calls the heads without `if self.training`, and drops or returns their outputs.",
        cure="Run the heads in training mode only.",
        sure="Stated in section 5: discarded at inference; structural, from one run in each mode, so not found where "
        "training cannot be run.",
    ),
    Rule(
        id="GA309",
        title="dropout in the wrong mode",
        severity=Severity.ERROR,
        fails="a dropout of the paper's is inactive in training, or any dropout with a rate above 0 is active in eval.",
        why="Dropout must work in training and be inactive in eval.",
        causes="F.dropout(x, 0.4) without training=self.training, which is always on; a dropout behind `if not "
        "self.training`.",
        cure="Use nn.Dropout, or pass training=self.training.",
        sure="What dropout means, and structural: the state that the op really ran with in each mode is read.",
    ),
    Rule(
        id="GA310",
        title="softmax inside",
        severity=Severity.WARNING,
        fails="a softmax, plain or log, runs in the model in training, or one stands where the paper has none.",
        why="A model that ends in a softmax and is trained with cross-entropy applies it twice.",
        causes="return F.softmax(x, dim=1), or nn.Softmax as the last module, and nn.CrossEntropyLoss outside.",
        cure="Return the logits and leave the softmax to the loss.",
        sure="Printed as the table's last row, so not wrong by the paper: that PyTorch keeps it in the loss is "
        "inferred, hence a warning. With nn.NLLLoss a log-softmax is right.",
    ),
    Rule(
        id="GA311",
        title="shared weights",
        severity=Severity.ERROR,
        fails="layers at two slots of the paper use the same parameter as weight or bias, in whole or with rows in "
        "common; where a layer or a whole module is used again in place of another, it is told there alone, and its "
        "width, kernel and stride are no findings of their own.",
        why="Layers that the paper keeps apart use the same parameters.",
        causes="One module made once and called in several places; self.b4(self.b4(x)) where the second should be "
        "self.c4; [block] * 9, which repeats one object; a weight that was tied to another.",
        cure="Construct a module of its own for each.",
        sure="The paper's parameter counts have weights for each layer; structural: it is the parameter's identity "
        "that counts, not its values.",
    ),
    Rule(
        id="GA312",
        title="wiring",
        severity=Severity.ERROR,
        fails="one layer of the model stands for two of the paper, so that what should read the second reads the "
        "first.",
        why="The layer reads another layer's output than the paper's.",
        causes="A branch fed from the reduction of another branch, or one reduction that both 3×3 and 5×5 read: "
        "self.b5(self.reduce3(x)).",
        cure="Connect it as in the paper.",
        sure="Figure 2(b) and figure 3 draw the connections; structural. The alignment decides which layer stands for "
        "which.",
    ),
    Rule(
        id="GA313",
        title="auxiliary head added",
        severity=Severity.ERROR,
        fails="the model returns an output that has layers of its own, which no head of the paper resembles.",
        why="The model has an output with layers of its own that the paper has not.",
        causes="A third classifier, a head that returns features or a pose, an embedding with a projection of its own.",
        cure="Remove it.",
        sure="Structural: section 5 has two heads and no other output. A head of the paper that was changed beyond "
        "recognition is told so too.",
    ),
    Rule(
        id="GA314",
        title="forward raises",
        severity=Severity.ERROR,
        fails="the model's forward raises in training or in eval mode, and runs in the other one.",
        why="The model cannot be run in this mode, so nothing after the failing op could be checked.",
        causes="torch.cat of branches with different sizes in the heads, a linear layer for another size of map, a "
        "name that exists in one mode only.",
        cure="Mend the forward; the message and the line are in the finding.",
        sure="Structural and sure for this input size: the exception and its line are the model's own. At another "
        "size the forward may run.",
    ),
    Rule(
        id="GA315",
        title="output added",
        severity=Severity.NOTE,
        fails="the model returns, beside its outputs, a value that the paper's own layers compute on the way; a note "
        "that fails nothing by itself.",
        why="The model returns an inner value as well.",
        causes="return logits, features: the pooled vector or the map of a module for later use.",
        cure="Nothing has to change.",
        sure="Structural: what is returned is followed back to the layer that made it. It changes nothing in what is "
        "computed.",
    ),
)
