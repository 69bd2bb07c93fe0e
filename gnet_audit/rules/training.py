"""GA5: the checks of a smoke training."""

from __future__ import annotations

from gnet_audit.rules.rule import Rule, Severity

RULES: tuple[Rule, ...] = (
    Rule(
        id="GA501",
        title="data set",
        severity=Severity.ERROR,
        fails="some class has not exactly the images that the data set's maker states: 500 in training and 800 in the "
        "test for STL-10.",
        why="Counts, sizes or labels are not those that the data set's maker states: another set, or a damaged one.",
        causes="A subset in the same format, such as one fold of a thousand images; labels converted wrongly, such as "
        "by a wrong offset within the valid range.",
        cure="Fetch the data again; `gnet-audit data DIR` shows the checksums.",
        sure="Stated by the makers; numeric and exact. Counts only: sizes and labels out of range stop the reading "
        "with an error, and checksums are shown by `gnet-audit data`.",
    ),
    Rule(
        id="GA502",
        title="images as fed",
        severity=Severity.ERROR,
        fails="for the first ten images of each class, a channel's mean as fed is more than 0.25 from 0 or its "
        "deviation outside 0.6 to 1.4; or red minus green or green minus blue differs between the splits by more than "
        "0.02 of the range and six standard errors.",
        why="After the transform the training images must have mean 0 and deviation 1 in each channel, and the "
        "colours of the test images must be those of the training images.",
        causes="In a script of one's own, no Normalize, or ImageNet's mean on other data; here, where the transform "
        "is gnet-audit's, files of which one split was written as BGR or holds other images.",
        cure="Normalise with the training split's mean and deviation, and read both splits with the same channel "
        "order.",
        sure="Zero mean is stated (mean subtracted), deviation 1 is practice; numeric, with thresholds wide enough "
        "for a sample of a hundred images.",
    ),
    Rule(
        id="GA503",
        title="test images in the training split",
        severity=Severity.ERROR,
        fails="more than 0.5 % of the test images are byte for byte in the training split too.",
        why="The same images in training and test make the test accuracy a measure of memory.",
        causes="One file copied for both splits; a split made anew after the images of both were mixed.",
        cure="Take the shared images out of the training split.",
        sure="Numeric and exact for identical bytes; images that were scaled, cropped or stored anew escape it.",
    ),
    Rule(
        id="GA504",
        title="loss at the start",
        severity=Severity.ERROR,
        fails="with dropout off, an untrained head's loss on ten training images is more than 0.15 from ln C, or the "
        "total is more than 0.1 % from the main loss and 0.3 times the others.",
        why="An untrained classifier guesses: each head's loss is ln C, 2.303 for ten classes, and the total is the "
        "main loss and 0.3 times those of the auxiliary heads.",
        causes="With --own-init, first weights so large that the outputs are far from 0; logits multiplied by a "
        "factor; in a script of one's own, losses averaged or added with another weight.",
        cure="Look at the last layer's initialisation, the labels, and how the losses are added.",
        sure="The weight 0.3 is stated, ln C is arithmetic, 0.15 is ours; without --own-init the first weights are "
        "gnet-audit's, so the model's own are not judged.",
    ),
    Rule(
        id="GA505",
        title="determinism",
        severity=Severity.ERROR,
        fails="two new networks with the same seed, trained for two steps on the same images, have different losses: "
        "by one bit on the CPU, by more than 0.001 on a GPU.",
        why="Two runs with the same seed must give the same losses, bit by bit on the CPU; else no difference means "
        "anything.",
        causes="Numbers drawn from random, numpy or the clock inside forward or __init__; state kept in a global; an "
        "op on the GPU that adds in no fixed order.",
        cure="Draw every random number from torch's generator, and none from the clock, numpy or the system.",
        sure="Numeric; what shows only after more than two steps, or on other machines, it does not see.",
    ),
    Rule(
        id="GA506",
        title="gradient reach",
        severity=Severity.ERROR,
        fails="a parameter's gradient of the total loss is missing, not finite or zero in every value, the main loss "
        "alone misses a parameter that no auxiliary loss reaches either, or an auxiliary loss reaches nothing.",
        why="A parameter without a finite, non-zero gradient never learns: a detached branch, a frozen layer, a dead "
        "one.",
        causes="x.detach() or x.data on a branch; torch.no_grad() around the trunk; requires_grad=False left from "
        "fine-tuning; a module that is built and never called.",
        cure="Look for detach(), no_grad, requires_grad=False, or a branch that is built and not used.",
        sure="Numeric, on four images and dropout off: a layer whose ReLUs are dead for just these images is told "
        "too, and a part of the trunk that only the auxiliary losses reach passes.",
    ),
    Rule(
        id="GA507",
        title="weight of the auxiliary losses",
        severity=Severity.ERROR,
        fails="least squares over the parameters that the main loss and a head both reach gives the head's part in "
        "the total's gradient as more than 0.01 from 0.3.",
        why="The paper adds the losses of the auxiliary heads with weight 0.3: the gradient that they send into the "
        "trunk must be 0.3 times their own.",
        causes="self.aux1(x.detach()), which gives 0; in a script of one's own, losses averaged or added with another "
        "weight.",
        cure="Add 0.3 times each auxiliary loss, and give the heads the trunk's output without detach().",
        sure="Stated in section 5; numeric. The losses are added by gnet-audit's own loop, so a training script's own "
        "factor is not seen.",
    ),
    Rule(
        id="GA508",
        title="auxiliary heads at inference",
        severity=Severity.ERROR,
        fails="in eval the network returns more or fewer than one output of C classes, or that answer is computed "
        "with a parameter that in training only the heads have.",
        why="The paper removes the auxiliary heads at inference: the network gives one output that they have no part "
        "in.",
        causes="return x, aux1, aux2 whatever the mode; an average of the three heads as the answer.",
        cure="Run the heads only where self.training is true.",
        sure="Stated in section 5; structural, from the graph of gradients: a head whose result is thrown away is "
        "GA308's.",
    ),
    Rule(
        id="GA509",
        title="one batch overfitted",
        severity=Severity.ERROR,
        fails="after at most 40 steps on the same ten images, without dropout, the main loss is 10 % or more of what "
        "it was at the first step.",
        why="A network that cannot learn ten images by heart is broken, or its training is.",
        causes="A ReLU behind the logits, a softmax in forward, a detached trunk, first weights that leave every "
        "channel dead, a rate far too high or too low.",
        cure="Look first at the checks above this one: gradients, rate, labels, softmax before the loss.",
        sure="Numeric, and the threshold is ours: a right network can fail with too few steps or a rate that does not "
        "suit it, so look at the curve.",
    ),
    Rule(
        id="GA510",
        title="stuck head",
        severity=Severity.ERROR,
        fails="a head ends the one batch within 2 % of ln C while another head's loss fell by 30 % or more (or it is "
        "the only one), or its loss is not a number.",
        why="GoogLeNet's classic failure: one head stays at the loss of a guess, ln C, while another learns.",
        causes="A head whose ReLUs died at once, an untrained layer before it, first weights that are too large; "
        "known from Caffe's issue 1598.",
        cure="Look at the head's own layers and their initialisation; give the rate or the weights a smaller start.",
        sure="Numeric, thresholds ours: a head that learns late within the budget looks stuck.",
    ),
    Rule(
        id="GA511",
        title="loss falls",
        severity=Severity.ERROR,
        fails="the median slope of the main loss between all pairs of steps (Theil and Sen), times the number of "
        "steps, is above -0.05.",
        why="In a short real run the robust slope of the main loss must be downwards.",
        causes="A rate so small that nothing moves or so large that it oscillates; labels that do not belong to the "
        "images.",
        cure="Look at the rate and at the labels.",
        sure="Numeric, threshold ours: over a few dozen steps a sound recipe can be too slow for it, as the paper's "
        "own rate can be.",
    ),
    Rule(
        id="GA512",
        title="better than chance",
        severity=Severity.ERROR,
        fails="the right answers on the test images are fewer than the least number that guessing reaches with a "
        "probability below 1 %, or no larger a share than the same network gets when it is fed zeros.",
        why="After a short real run the test accuracy must exceed that of guessing by a 99 % bound, and that of the "
        "same model fed with zeros.",
        causes="Files whose test split has its labels or channels in another order than the training split; a rate "
        "that learns nothing; too few steps.",
        cure="Look whether labels and images belong together in both splits, and whether both get the same transform.",
        sure="Numeric: a binomial bound, which a guessing network passes once in a hundred runs; a sound network can "
        "fail it after a very short run. It shows that something is learned, not how well.",
    ),
    Rule(
        id="GA513",
        title="batch independence",
        severity=Severity.ERROR,
        fails="in eval, for the first and the last of four images, the gradient of the image's outputs with respect "
        "to another image is anything but 0.",
        why="In eval an image's output must depend on that image alone.",
        causes="x.view(-1, 1024) on a map that is not 1×1; x - x.mean(0); nn.BatchNorm2d(…, "
        "track_running_stats=False).",
        cure="Look for a reshape that mixes the batch, a mean over it, or batch normalisation without running "
        "statistics.",
        sure="Numeric and exact: a dependence through something without a gradient, such as an argmax, escapes it.",
    ),
    Rule(
        id="GA514",
        title="shuffled labels",
        severity=Severity.ERROR,
        fails="after a short training on shuffled labels the right answers on the test images are so many that "
        "guessing reaches them with a probability of 0.1 % or less.",
        why="Trained on labels in random order, the network must answer at chance; more means that the test leaks.",
        causes="In a script of one's own, a test that compares labels with themselves; here, where the test is "
        "gnet-audit's, hardly anything but chance.",
        cure="Look how test answers and test labels are compared.",
        sure="Numeric: a sound run exceeds the bound about once in a thousand; a leak that takes longer training to "
        "show is not seen.",
    ),
    Rule(
        id="GA515",
        title="size of the updates",
        severity=Severity.ERROR,
        fails="the second step changes some weight tensor by less than 0.000001 or more than 1 of its own length; "
        "last layers, which start small, are held against the lower bound only.",
        why="A step changes a layer's weights by a small share of their size: nothing is learned below, nothing is "
        "kept above.",
        causes="A rate given in the wrong unit; layers made during the first forward, after the optimizer; weights "
        "frozen or without a gradient.",
        cure="Look at the learning rate, and whether the optimizer has all parameters.",
        sure="Numeric, bounds ours and wide: between them a rate can still be a bad one. Tensors of one axis (biases) "
        "and of zeros are left out.",
    ),
    Rule(
        id="GA516",
        title="dead ReLUs",
        severity=Severity.ERROR,
        fails="in some ReLU more than 90 % of the channels are zero for each of ten images, in the network as built "
        "or after one batch.",
        why="A channel that is zero for every image passes no gradient; a layer of them cuts the network.",
        causes="First weights or biases that make every sum negative; a first rate that throws the weights far off; "
        "inputs that are not normalised.",
        cure="Look at the biases and the scale of the first weights, and at the rate.",
        sure="Numeric, threshold ours, on ten images: more images can wake a channel. Only ReLUs that torch's "
        "functions show are seen.",
    ),
    Rule(
        id="GA517",
        title="dropout in training only",
        severity=Severity.ERROR,
        fails="two forwards in eval differ (by one bit on the CPU, by more than 0.0001 on a GPU), or two in training "
        "with a dropout of a rate above 0 do not.",
        why="Dropout must work in training, and two forwards in eval must give the same numbers.",
        causes="F.dropout(x, 0.4) without training=self.training; F.dropout(x, 0.4, False); self.training "
        "overwritten; an eval() that does not reach a child kept in a plain list.",
        cure="Use nn.Dropout, or pass training=self.training; call eval() before the test.",
        sure="Numeric; other noise in eval is told as dropout, and dropouts that no torch function shows are not "
        "found.",
    ),
    Rule(
        id="GA518",
        title="finite numbers",
        severity=Severity.ERROR,
        fails="any output of the untrained network on the first batch, or any loss of a training step, is infinite or "
        "not a number.",
        why="A loss or an output is infinite or not a number.",
        causes="A division by a deviation of 0, the logarithm of a probability of 0, fp16 without scaling, too high a "
        "rate.",
        cure="Lower the rate; look for a division by zero or the logarithm of zero.",
        sure="Numeric and exact for the images that were fed.",
    ),
    Rule(
        id="GA519",
        title="checkpoint",
        severity=Severity.ERROR,
        fails="the state_dict of the trained network does not load into a newly made one, or the new one's outputs in "
        "eval differ from the old one's by one bit.",
        why="A checkpoint, loaded into a newly made network, must give the same numbers bit by bit.",
        causes="A tensor as a plain attribute where register_buffer belongs; layers in a plain list; layers made "
        "during the first forward; random numbers drawn in __init__ and kept.",
        cure="Register every tensor that the forward reads as a parameter or a persistent buffer.",
        sure="Numeric and exact, on four images, for the network's own state; the optimizer's is not compared.",
    ),
    Rule(
        id="GA520",
        title="softmax before the loss",
        severity=Severity.ERROR,
        fails="all outputs of a head are 0 or more and each row sums to 1 within 0.001, or all are 0 or less and the "
        "exponentials of each row sum to 1.",
        why="The outputs are probabilities already: cross-entropy applies a second softmax, and the loss cannot fall "
        "below 1.46 for ten classes.",
        causes="return F.softmax(x, dim=1) in forward; nn.Softmax or nn.LogSoftmax as the last module.",
        cure="Return the logits.",
        sure="Numeric; other outputs do not meet this by chance. A log-softmax is told too, though a second one "
        "changes nothing: the bound of 1.46 holds for a plain softmax.",
    ),
    Rule(
        id="GA521",
        title="gradients of an earlier step",
        severity=Severity.ERROR,
        fails="the second step's gradient differs from one computed anew from the same weights and images by more "
        "than 0.1 % of its length (2 % on a GPU).",
        why="The gradient that a step uses is not that of its own batch: what came before was not cleared.",
        causes="In a loop of one's own, no optimizer.zero_grad() before backward(); here, where the loop is "
        "gnet-audit's, a forward that keeps values of the step before.",
        cure="Call optimizer.zero_grad() once for each step.",
        sure="Numeric: random numbers in forward other than dropout's look the same, and gradients that no longer "
        "exist after the step cannot be compared.",
    ),
    Rule(
        id="GA522",
        title="heads share weights",
        severity=Severity.ERROR,
        fails="two auxiliary heads use a parameter that the main output does not, or two heads end in the same weight.",
        why="Two heads compute with the same parameters.",
        causes="self.aux2 = self.aux1; one InceptionAux made once and called twice; [nn.Linear(1024, 1000)] * 2.",
        cure="Construct a module of its own for each head.",
        sure="Structural, from the parameter's identity in the graph of gradients; section 5 gives each head layers "
        "of its own.",
    ),
    Rule(
        id="GA523",
        title="replicas",
        severity=Severity.ERROR,
        fails="after the run the processes' state_dicts differ in any byte, or the gradient of N processes differs "
        "from that of one with the whole batch by more than 0.01 % of its length.",
        why="Processes that train together must hold the same weights, and N of them with batch B must compute the "
        "gradient of one with batch N·B.",
        causes="Batch normalisation with statistics for each process; parameters that DistributedDataParallel does "
        "not see; weights that the forward itself changes.",
        cure="Look for random numbers, buffers or parameters that are not synchronised.",
        sure="Numeric; only where torchrun started several processes. A loss that is not a mean over images gives "
        "another gradient by right.",
    ),
    Rule(
        id="GA524",
        title="speed of the input",
        severity=Severity.WARNING,
        fails="preparing a batch takes as long as, or longer than, the rest of a training step, by the best of four "
        "batches and the median step.",
        why="Images are prepared more slowly than the network trains on them: the input is the bottleneck.",
        causes="Images on a slow or remote disk; a heavy augmentation on few cores beside a fast GPU.",
        cure="Put the data on a faster disk, or train on the device that prepares them.",
        sure="Numeric, for this machine and gnet-audit's own loading, which is not overlapped with the network; a "
        "DataLoader with workers may hide it.",
    ),
)
