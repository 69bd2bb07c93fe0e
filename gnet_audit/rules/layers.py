"""GA2: attributes of single layers."""

from __future__ import annotations

from gnet_audit.rules.rule import Rule, Severity

RULES: tuple[Rule, ...] = (
    Rule(
        id="GA201",
        title="output channels",
        severity=Severity.ERROR,
        fails="out_channels of a convolution, or out_features of a linear layer, is not the number that the paper "
        "gives for it; the number of classes is GA102's.",
        why="The layer has another width than the table prints.",
        causes="A row of the table slipped (4b's 112 for 4a's 96), two columns swapped, or a width copied from "
        "another port: 204 for 208 in 4a's 3×3.",
        cure="Set out_channels (out_features) to the printed number.",
        sure="Printed in Table 1, stated for the auxiliary heads; structural. Where several widths differ, the layer "
        "may have been held against the wrong slot: the finding says why it was matched.",
    ),
    Rule(
        id="GA202",
        title="kernel",
        severity=Severity.ERROR,
        fails="kernel_size of a convolution differs from the paper's, or that of a pool does and it reads other "
        "windows of its map; a padding that merely goes with the kernel is part of the same finding.",
        why="Another kernel sees another patch of the image: weights, work and receptive field change.",
        causes="A 3×3 kernel copied from torchvision or TF-slim, whose 5×5 branch has one; a 2×2 max pool before 5a "
        "from the same two.",
        cure="Set kernel_size to the printed patch size, and the padding that keeps the output size.",
        sure="Printed for the stem, the pools and the branches (the column is called 5×5), stated for the heads; "
        "structural, read from the op that runs.",
    ),
    Rule(
        id="GA203",
        title="stride",
        severity=Severity.ERROR,
        fails="stride of a convolution differs from the paper's, or that of a pool does and it reads other windows of "
        "its map.",
        why="Another stride changes the size of everything after it.",
        causes="Stride 1 in the stem to keep small images large enough; nn.MaxPool2d(3, padding=1) without stride=1, "
        "whose default is the kernel size; a stride moved to the layer before.",
        cure="Set stride to the printed one.",
        sure="Printed as patch/stride in Table 1 for the stem and the pools, in figure 3 for the convolutions inside "
        "the modules; structural, read from the op that runs.",
    ),
    Rule(
        id="GA204",
        title="padding",
        severity=Severity.ERROR,
        fails="a convolution's padding differs by more than its other kernel brings about and by more than rows that "
        "no window reads, or a pool's padding differs and so do the windows that it reads.",
        why="Other padding moves the windows, even where the output size stays the same.",
        causes="nn.Conv2d(…, 5) left at padding=0 or at the 3×3's padding=1; nn.MaxPool2d(3, 2, padding=1) where "
        "Caffe pads nothing and rounds up.",
        cure="Set padding as expected.",
        sure="Stated as (S) or (V) in figure 3, but the numbers of conv1 and of the pools with stride 2 are Caffe's: "
        "there it is a warning unless a printed size changes. TensorFlow's SAME is a note.",
    ),
    Rule(
        id="GA205",
        title="dilation",
        severity=Severity.ERROR,
        fails="dilation differs where the kernel's own size is right: of a convolution along an axis with more than "
        "one weight, or of a pool that thereby reads other windows.",
        why="A dilated kernel reads other pixels than a plain one.",
        causes="A 5×5 imitated by a 3×3 with dilation=2 is GA202's; here a dilation was meant for another layer, or "
        "came from a segmentation build.",
        cure="Set dilation=1.",
        sure="Follows from Table 1 for convolutions, since a dilated kernel has a larger patch than is printed; for "
        "pools inferred: the paper speaks of plain ones only.",
    ),
    Rule(
        id="GA206",
        title="groups",
        severity=Severity.ERROR,
        fails="groups of a convolution is not the spec's, which is 1 for every one of GoogLeNet's.",
        why="A grouped convolution connects only some of the channels.",
        causes="Depthwise or grouped convolutions put in to save work, or groups=2 as AlexNet had it.",
        cure="Set groups as expected.",
        sure="Stated by Table 1's counts, which have every input channel for every output channel; structural.",
    ),
    Rule(
        id="GA207",
        title="bias",
        severity=Severity.WARNING,
        fails="the layer has a bias and the reference has none, or the reverse; not told where batch normalisation "
        "follows the layer, which makes the bias redundant.",
        why="The layer has a bias where the reference has none, or none where it has one.",
        causes="bias=False kept from a build with batch normalisation after the normalisation was removed.",
        cure="Set bias as expected.",
        sure="Inferred: the paper never mentions biases, and its parameter column cannot tell; Caffe's release has "
        "one everywhere.",
    ),
    Rule(
        id="GA208",
        title="pool kind",
        severity=Severity.ERROR,
        fails="a pool takes the maximum where the paper's takes the average, or the reverse.",
        why="A maximum and an average are different functions of the same window.",
        causes="nn.AvgPool2d in the pool branch of a module; nn.AdaptiveMaxPool2d(1) before the classifier.",
        cure="Use the pooling that the paper names.",
        sure="Printed in Table 1, and stated in section 5 for the modules and the heads; structural, read from the op "
        "that runs.",
    ),
    Rule(
        id="GA209",
        title="ceil mode",
        severity=Severity.WARNING,
        fails="ceil_mode of a pool differs from the reference's, its padding does not, and the windows that it reads "
        "of its map differ.",
        why="Rounding the output size down drops the last window.",
        causes="nn.MaxPool2d(3, 2) left at its default: 112 becomes 55 instead of 56, and 56 becomes 27 instead of 28.",
        cure="Set ceil_mode as expected.",
        sure="Inferred from Caffe, whose pools round up; the printed sizes demand some such thing, so that it is an "
        "error where one of them changes and a warning where none does.",
    ),
    Rule(
        id="GA210",
        title="count_include_pad",
        severity=Severity.WARNING,
        fails="count_include_pad of an average pool differs, its padding and ceil_mode do not, and some window would "
        "give another average.",
        why="Averages at the border count the padding or not.",
        causes="nn.AvgPool2d(3, 1, padding=1) left at its default count_include_pad=True, where TensorFlow leaves the "
        "padding out.",
        cure="Set count_include_pad as expected.",
        sure="Structural, but the paper never says it: its own averages are (V), without padding, so it arises with "
        "other specs and in `gnet-audit diff`.",
    ),
    Rule(
        id="GA211",
        title="LRN constants",
        severity=Severity.WARNING,
        fails="size, alpha, beta, k or the axis (across channels or within one) of a local response normalisation is "
        "not Caffe's: 5, 0.0001, 0.75, 1, across channels.",
        why="Local response normalisation with other constants is another function.",
        causes="k=2 from the AlexNet paper; alpha=1e-4/5 by someone who divides by the size as torch does already.",
        cure="Use the constants of the source named.",
        sure="Inferred: figure 3 names the op and gives no constants; they are those of Caffe's release, which "
        "torch's op follows in dividing alpha by the size.",
    ),
    Rule(
        id="GA212",
        title="dropout rate",
        severity=Severity.ERROR,
        fails="the rate of a dropout is not the paper's: 0.4 before the classifier, 0.7 in the auxiliary heads.",
        why="The rate is stated: 40 % before the classifier, 70 % in the auxiliary heads.",
        causes="p=0.2 from torchvision; p=0.5 by habit; p=0.3 or p=0.6 by taking the share that is kept for the share "
        "that is dropped.",
        cure="Set p to the share of outputs that the paper drops.",
        sure="Printed in Table 1 for the classifier, stated in section 5 for the heads (of outputs dropped); "
        "structural.",
    ),
    Rule(
        id="GA213",
        title="activation",
        severity=Severity.ERROR,
        fails="the activation that the paper has after a layer is absent, is another function, or stands beside a "
        "second one.",
        why="The paper uses the rectified linear activation after every convolution, reductions and projections "
        "included.",
        causes="F.relu after the 3×3 and 5×5 only, and not after the 1×1 reductions or the projection; LeakyReLU or "
        "SiLU in its place.",
        cure="Apply the expected activation after the layer.",
        sure="Stated in section 5, reductions and projections expressly included; structural. A ReLU behind the "
        "concatenation is understood to serve all branches and is no finding but a note.",
    ),
    Rule(
        id="GA214",
        title="adaptive pooling",
        severity=Severity.ERROR,
        fails="an adaptive pool stands where the paper has a fixed one, or the reverse, and at this input size the "
        "two read different windows.",
        why="Adaptive windows differ from fixed ones wherever the input is not a multiple of the output.",
        causes="nn.AdaptiveAvgPool2d((4, 4)) in the auxiliary heads, as in torchvision, where the paper has 5×5 with "
        "stride 3.",
        cure="Use the fixed kernel and stride that the paper states.",
        sure="The kernel and the stride are stated; numeric: the windows are compared one by one at the audited size. "
        "The same windows are GA219.",
    ),
    Rule(
        id="GA215",
        title="batch normalisation",
        severity=Severity.ERROR,
        fails="batch normalisation runs right behind a layer, before or after its activation, and the paper has none "
        "there; a bias dropped with it is part of the same finding.",
        why="The paper predates batch normalisation: other parameters, other statistics, other training.",
        causes="nn.BatchNorm2d in a BasicConv2d, as in torchvision and many ports; the published follow-up (Inception "
        "v2) has it.",
        cure="Remove the batch normalisation and give the convolution its bias.",
        sure="Structural and sure: the paper appeared before batch normalisation was published and names no such "
        "layer.",
    ),
    Rule(
        id="GA216",
        title="padding mode",
        severity=Severity.ERROR,
        fails="a convolution that pads does so with padding_mode 'reflect', 'replicate' or 'circular' instead of "
        "zeros.",
        why="The border is filled with other values than zeros.",
        causes="padding_mode='reflect' from a build for image restoration; nn.ReflectionPad2d before the convolution.",
        cure="Set padding_mode='zeros'.",
        sure="The paper only says same padding, (S); that the border is zeros is what Caffe, TensorFlow and torch's "
        "default do.",
    ),
    Rule(
        id="GA217",
        title="kernel factorised",
        severity=Severity.ERROR,
        fails="two or more convolutions of stride 1, none of them 1×1, stand where the paper has one, and together "
        "they see exactly its kernel.",
        why="One large kernel is built as several small ones: the same receptive field, another function.",
        causes="The 5×5 as two 3×3, which is Inception v2's idea, as in kuangliu's port for CIFAR-10.",
        cure="Use one convolution with the printed kernel.",
        sure="Printed: the column is called 5×5. Structural; an added convolution that happens to complete the patch "
        "would be told so too.",
    ),
    Rule(
        id="GA218",
        title="kind of layer",
        severity=Severity.ERROR,
        fails="an op of another kind stands in the paper's place and no other rule has a name for it, such as a "
        "transposed convolution, dropout of whole channels, or batch normalisation in place of local response "
        "normalisation.",
        why="Another op stands where the paper has this one.",
        causes="nn.BatchNorm2d where the stem's nn.LocalResponseNorm belongs; nn.Dropout2d on a map larger than 1×1.",
        cure="Use the op that the paper names.",
        sure="Structural; the op's kind is printed or drawn in figure 3. That the two belong together is the "
        "alignment's judgement, which the finding gives.",
    ),
    Rule(
        id="GA219",
        title="equivalent form",
        severity=Severity.NOTE,
        fails="the model writes the paper's op in another form that computes the same function at the audited input "
        "size; a note that fails nothing by itself.",
        why="Written differently, the same function at this input size.",
        causes="nn.AdaptiveAvgPool2d(1) for the 7×7 average, a mean over height and width, a 1×1 convolution for a "
        "linear layer, padding as an op of its own.",
        cure="Nothing has to change.",
        sure="Proven by rules that keep the function, at this input size: at another one an adaptive pool may be "
        "another function.",
    ),
)
