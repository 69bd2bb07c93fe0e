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
        "GA001", "printed parameters", _W,
        "No way of counting and rounding gives the printed parameters of a row from its own printed channels.",
        "Hold a model against the derived count of this row, not against the printed one.",
    ),
    _rule(
        "GA002", "printed operations", _W,
        "No way of counting and rounding gives the printed operations of a row from its own printed channels.",
        "Hold a model against the derived count of this row, not against the printed one.",
    ),
    _rule(
        "GA003", "a row against itself", _W,
        "Each weight of a row works once at each position of its map: the printed operations need another number of "
        "weights than is printed.",
        "Trust neither of the two cells; use the derived counts.",
    ),
    _rule(
        "GA004", "mixed conventions", _N,
        "The cells of one column were not all counted and rounded in the same way.",
        "Nothing has to change; a row's own convention is named beside it.",
    ),
    _rule(
        "GA005", "a total against its rows", _W,
        "The total that the paper states is not the sum of what its rows' channels give.",
        "Compare models row by row; an equal total proves nothing.",
    ),
    _rule(
        "GA006", "printed output size", _E,
        "The layers of the row do not give the output size printed for it.",
        "Look for a slip of the spec first: a stride, a padding, a channel.",
    ),
    _rule(
        "GA007", "printed depth", _E,
        "The row has another number of consecutive layers with weights than printed.",
        "Look for a slip of the spec first: a layer left out, or one too many.",
    ),
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
    _rule(
        "GA402", "number of parameters", _E,
        "Layers of the model have another number of parameters than the paper's channels give.",
        "`gnet-audit shapes` names the cause: a kernel, a width, a bias, a batch norm.",
    ),
    _rule(
        "GA403", "number of operations", _E,
        "Layers of the model do another number of multiply-accumulates than the paper's channels give.",
        "`gnet-audit shapes` names the cause: a kernel, a width, a stride, the input size.",
    ),
    _rule(
        "GA404", "counter not explained", _W,
        "Another counter's total differs from ours by more than what we know of how it counts.",
        "Look at the counter's own account by op; report it to us if the op is counted wrongly here.",
    ),
    _rule(
        "GA501", "data set", _E,
        "Counts, sizes or labels are not those that the data set's maker states: another set, or a damaged one.",
        "Fetch the data again; `gnet-audit data DIR` shows the checksums.",
    ),
    _rule(
        "GA502", "images as fed", _E,
        "After the transform the training images must have mean 0 and deviation 1 in each channel, and the colours of "
        "the test images must be those of the training images.",
        "Normalise with the training split's mean and deviation, and read both splits with the same channel order.",
    ),
    _rule(
        "GA503", "test images in the training split", _E,
        "The same images in training and test make the test accuracy a measure of memory.",
        "Take the shared images out of the training split.",
    ),
    _rule(
        "GA504", "loss at the start", _E,
        "An untrained classifier guesses: each head's loss is ln C, 2.303 for ten classes, and the total is the main "
        "loss and 0.3 times those of the auxiliary heads.",
        "Look at the last layer's initialisation, the labels, and how the losses are added.",
    ),
    _rule(
        "GA505", "determinism", _E,
        "Two runs with the same seed must give the same losses, bit by bit on the CPU; else no difference means anything.",
        "Draw every random number from torch's generator, and none from the clock, numpy or the system.",
    ),
    _rule(
        "GA506", "gradient reach", _E,
        "A parameter without a finite, non-zero gradient never learns: a detached branch, a frozen layer, a dead one.",
        "Look for detach(), no_grad, requires_grad=False, or a branch that is built and not used.",
    ),
    _rule(
        "GA507", "weight of the auxiliary losses", _E,
        "The paper adds the losses of the auxiliary heads with weight 0.3: the gradient that they send into the trunk "
        "must be 0.3 times their own.",
        "Add 0.3 times each auxiliary loss, and give the heads the trunk's output without detach().",
    ),
    _rule(
        "GA508", "auxiliary heads at inference", _E,
        "The paper removes the auxiliary heads at inference: the network gives one output that they have no part in.",
        "Run the heads only where self.training is true.",
    ),
    _rule(
        "GA509", "one batch overfitted", _E,
        "A network that cannot learn ten images by heart is broken, or its training is.",
        "Look first at the checks above this one: gradients, rate, labels, softmax before the loss.",
    ),
    _rule(
        "GA510", "stuck head", _E,
        "GoogLeNet's classic failure: one head stays at the loss of a guess, ln C, while another learns.",
        "Look at the head's own layers and their initialisation; give the rate or the weights a smaller start.",
    ),
    _rule(
        "GA511", "loss falls", _E,
        "In a short real run the robust slope of the main loss must be downwards.",
        "Look at the rate and at the labels.",
    ),
    _rule(
        "GA512", "better than chance", _E,
        "After a short real run the test accuracy must exceed that of guessing by a 99 % bound, and that of the same "
        "model fed with zeros.",
        "Look whether labels and images belong together in both splits, and whether both get the same transform.",
    ),
    _rule(
        "GA513", "batch independence", _E,
        "In eval an image's output must depend on that image alone.",
        "Look for a reshape that mixes the batch, a mean over it, or batch normalisation without running statistics.",
    ),
    _rule(
        "GA514", "shuffled labels", _E,
        "Trained on labels in random order, the network must answer at chance; more means that the test leaks.",
        "Look how test answers and test labels are compared.",
    ),
    _rule(
        "GA515", "size of the updates", _E,
        "A step changes a layer's weights by a small share of their size: nothing is learned below, nothing is kept above.",
        "Look at the learning rate, and whether the optimizer has all parameters.",
    ),
    _rule(
        "GA516", "dead ReLUs", _E,
        "A channel that is zero for every image passes no gradient; a layer of them cuts the network.",
        "Look at the biases and the scale of the first weights, and at the rate.",
    ),
    _rule(
        "GA517", "dropout in training only", _E,
        "Dropout must work in training, and two forwards in eval must give the same numbers.",
        "Use nn.Dropout, or pass training=self.training; call eval() before the test.",
    ),
    _rule(
        "GA518", "finite numbers", _E,
        "A loss or an output is infinite or not a number.",
        "Lower the rate; look for a division by zero or the logarithm of zero.",
    ),
    _rule(
        "GA519", "checkpoint", _E,
        "A checkpoint, loaded into a newly made network, must give the same numbers bit by bit.",
        "Register every tensor that the forward reads as a parameter or a persistent buffer.",
    ),
    _rule(
        "GA520", "softmax before the loss", _E,
        "The outputs are probabilities already: cross-entropy applies a second softmax, and the loss cannot fall "
        "below 1.46 for ten classes.",
        "Return the logits.",
    ),
    _rule(
        "GA521", "gradients of an earlier step", _E,
        "The gradient that a step uses is not that of its own batch: what came before was not cleared.",
        "Call optimizer.zero_grad() once for each step.",
    ),
    _rule(
        "GA522", "heads share weights", _E,
        "Two heads compute with the same parameters.",
        "Construct a module of its own for each head.",
    ),
    _rule(
        "GA523", "replicas", _E,
        "Processes that train together must hold the same weights, and N of them with batch B must compute the gradient "
        "of one with batch N·B.",
        "Look for random numbers, buffers or parameters that are not synchronised.",
    ),
    _rule(
        "GA524", "speed of the input", _W,
        "Images are prepared more slowly than the network trains on them: the input is the bottleneck.",
        "Put the data on a faster disk, or train on the device that prepares them.",
    ),
    _rule(
        "GA601", "unstable measurement", _N,
        "The middle half of the blocks spreads over more than 5 % of the median: something else was running.",
        "Measure again on a quiet machine, or longer with --duration.",
    ),
    _rule(
        "GA602", "fast and wrong", _W,
        "A configuration's outputs differ from fp32 by more than the rounding of its type explains.",
        "Do not use this configuration; look for a layer that overflows, or a wrong kernel.",
    ),
    _rule(
        "GA603", "configuration not measured", _N,
        "A configuration could not be run here; the others stand without it.",
        "The row says why: memory, a compiler, a type or a graph that this device lacks.",
    ),
)

BY_ID = {rule.id: rule for rule in RULES}
