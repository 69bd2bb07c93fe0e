"""One report built by hand, with every row status, every severity and the awkward names, for the tests of all formats.

The network in it is small and invented (no real paper prints it), and every number follows by arithmetic:
convolution weights are kernel area × inputs × outputs + outputs, MACs the same without biases × output area.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from gnet_audit.acceptance import Acceptance, accept
from gnet_audit.findings import Cost, Finding
from gnet_audit.network import Location, Shape, Source, Status, Unverified
from gnet_audit.proof import Gap, ModeProof, Proof, ProofStatus, Statistics
from gnet_audit.report import Environment, Report, RowStatus, SlotResult, SpecId, Stated, Totals, Verdict
from gnet_audit.rules import Severity
from gnet_audit.sweep import Swept

FILE = "/home/ann/nets/net[1].py"
TABLE = Source(id="table1", where="Table 1", status=Status.PRINTED)
FIGURE = Source(id="figure3", where="Figure 3: (S), same padding", status=Status.STATED)
CAFFE = Source(id="caffe", where="BVLC Caffe train_val.prototxt (the paper is silent)", status=Status.INFERRED)


def at(line: int) -> Location:
    """A line of the invented user's file."""
    return Location(file=FILE, line=line, literals=("3",))


def slot(
    name: str,
    op: str,
    shape: Shape,
    *,
    layer: str = "",
    found: str | None = None,
    measured: Shape | None = None,
    printed: str = "",
    params: tuple[int, int] = (0, 0),
    macs: tuple[int, int] = (0, 0),
    status: RowStatus = RowStatus.MATCH,
    note: str = "",
    line: int = 0,
    stated: tuple[Stated, ...] = (),
    lines: tuple[Location, ...] = (),
) -> SlotResult:
    """A slot that is as in the paper unless told otherwise; pairs are (expected, found)."""
    missing = status is RowStatus.MISSING
    return SlotResult(
        row=name.partition(".")[0].removesuffix("_reduce"),
        slot=name,
        layer=layer,
        expected_op=op,
        found_op="" if missing else found or op,
        printed=printed,
        derived=shape,
        measured=None if missing else measured or shape,
        expected_params=params[0],
        params=None if missing else params[1],
        expected_macs=macs[0],
        macs=None if missing else macs[1],
        status=status,
        note=note,
        location=at(line) if line else None,
        source=TABLE,
        stated=stated,
        lines=lines,
    )


CELL = Source(id="table1", where="Table 1: 5x5 of inception (3a)", status=Status.PRINTED)
SAID = (
    Stated(attribute="out_channels", value="32", source=CELL),
    Stated(attribute="padding", value="2", source=FIGURE),
    Stated(attribute="order", value="", source=CAFFE),
)
"""What the paper says of `inception_3a.5x5`."""
ROWS = (
    slot("conv1", "conv 7×7/2 pad 3, 64", (64, 112, 112), layer="stem.0", printed="112×112×64",
         params=(9_472, 9_472), macs=(118_013_952, 118_013_952), line=8),
    slot("pool1", "max pool 3×3/2 ceil", (64, 56, 56), layer="stem.2", found="max pool 3×3/2 pad 1",
         printed="56×56×64", status=RowStatus.DIFFERS, note="finding 5", line=9),
    slot("lrn1", "LRN size 5 alpha 0.0001 beta 0.75 k 1", (64, 56, 56), status=RowStatus.MISSING, note="finding 4"),
    slot("conv2_reduce", "conv 1×1, 64", (64, 56, 56), layer="stem.3",
         params=(4_160, 4_160), macs=(12_845_056, 12_845_056), line=10),
    slot("conv2", "conv 3×3 pad 1, 192", (192, 56, 56), layer="stem.5", printed="56×56×192",
         params=(110_784, 110_784), macs=(346_816_512, 346_816_512), line=11),
    slot("pool2", "max pool 3×3/2 ceil", (192, 28, 28), layer="stem.7", found="max pool 3×3/2",
         measured=(192, 27, 27), printed="28×28×192", status=RowStatus.DIFFERS, note="finding 1", line=12),
    slot("inception_3a.1x1", "conv 1×1, 64", (64, 28, 28), layer="inception3a.branch1[main].conv",
         measured=(64, 27, 27), params=(12_352, 12_352), macs=(9_633_792, 8_957_952),
         status=RowStatus.CONSEQUENCE, note="follows finding 1", line=21),
    slot("inception_3a.5x5_reduce", "conv 1×1, 16", (16, 28, 28), layer="inception3a.branch3[pool].0.conv",
         measured=(16, 27, 27), params=(3_088, 3_088), macs=(2_408_448, 2_239_488),
         status=RowStatus.CONSEQUENCE, note="follows finding 1", line=21),
    slot("inception_3a.5x5", "conv 5×5 pad 2, 32", (32, 28, 28), layer="inception3a.branch3[pool].1.conv",
         found="conv 3×3 pad 1, 32", measured=(32, 27, 27), params=(12_832, 4_640), macs=(10_035_200, 3_359_232),
         status=RowStatus.DIFFERS, note="findings 2, 3", line=33, stated=SAID, lines=(at(33), at(34))),
    SlotResult(row="inception_3a", slot="+inception3a.branch3[pool].1.bn", layer="inception3a.branch3[pool].1.bn",
               expected_op="", found_op="batch norm eps 0.001", printed="", derived=None, measured=(32, 27, 27),
               expected_params=None, params=64, expected_macs=None, macs=0, status=RowStatus.EXTRA,
               note="finding 3", location=at(34)),
    slot("inception_3a.concat", "concat", (96, 28, 28), layer="inception3a", measured=(96, 27, 27),
         printed="28×28×96", status=RowStatus.CONSEQUENCE, note="follows finding 1", line=40),
    slot("avgpool", "avg pool 28×28/1", (96, 1, 1), layer="avgpool", found="global avg pool", printed="1×1×96",
         status=RowStatus.EQUIVALENT, note="the same function at this size", line=13),
    slot("dropout", "dropout 0.4", (96, 1, 1), layer="drop", found="unknown op my::drop", printed="1×1×96",
         status=RowStatus.UNVERIFIED, note="an op that we do not know", line=14),
    slot("linear", "linear 1000", (1000,), layer="fc", printed="1×1×1000",
         params=(97_000, 97_000), macs=(96_000, 96_000), line=15),
    slot("aux1.pool", "global avg pool", (96, 1, 1), layer="aux.pool", line=50),
    slot("aux1.fc", "linear 1000", (1000,), layer="aux.fc", params=(97_000, 97_000), macs=(96_000, 96_000), line=51),
)  # fmt: skip

FINDINGS = (
    Finding(
        rule="GA209", severity=Severity.ERROR, rows=("pool2",), attribute="ceil_mode",
        expected="ceil_mode=True", found="ceil_mode=False",
        message="pool2 rounds its output size down, the paper's sizes need it rounded up.",
        source=CAFFE, location=at(12), locations=(at(12),), layers=("stem.7",),
        cost=Cost(params=0, macs=0, total_params=0, total_macs=-1_548_800),
        cause="the third pool of the stem on both sides", cure="Set ceil_mode=True.",
    ),
    Finding(
        rule="GA202", severity=Severity.ERROR, rows=("inception_3a.5x5",), attribute="kernel",
        expected="5×5 pad 2", found="3×3 pad 1", message="inception_3a.5x5 has a 3×3 kernel in place of the 5×5.",
        source=TABLE, location=at(33), locations=(at(33),), layers=("inception3a.branch3[pool].1.conv",),
        cost=Cost(params=-8_192, macs=-6_422_528, total_params=-8_192, total_macs=-6_422_528),
        cause="the second convolution of the third branch on both sides",
        cure="Set kernel_size=5 and padding=2.",
    ),
    Finding(
        rule="GA215", severity=Severity.ERROR, rows=("inception_3a.5x5",), attribute="batch_norm",
        expected="none", found="batch norm eps 0.001", message="Batch normalisation follows the convolution.",
        source=FIGURE, location=at(34), locations=(at(34),), layers=("inception3a.branch3[pool].1.bn",),
        cost=Cost(params=64, macs=0, total_params=64, total_macs=0), cure="Remove it.",
    ),
    Finding(
        rule="GA301", severity=Severity.ERROR, rows=("lrn1",), attribute="layer",
        expected="LRN size 5 alpha 0.0001 beta 0.75 k 1", found="nothing",
        message="The local response normalisation after pool1 is missing.", source=FIGURE,
        cure="Add nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1.0) after the pool.",
    ),
    Finding(
        rule="GA204", severity=Severity.WARNING, rows=("pool1",), attribute="padding",
        expected="ceil_mode=True", found="padding 1", message="pool1 pads by 1 in place of rounding up.",
        source=CAFFE, location=at(9), locations=(at(9),), layers=("stem.2",),
        cost=Cost(params=0, macs=0, total_params=0, total_macs=0), cure="Set padding=0, ceil_mode=True.",
    ),
    Finding(
        rule="GA219", severity=Severity.NOTE, rows=("avgpool",), attribute="equivalent",
        expected="avg pool 28×28/1", found="global avg pool",
        message="An adaptive pool to 1×1 is the average of the whole map.",
        source=TABLE, location=at(13), locations=(at(13),), layers=("avgpool",),
    ),
)  # fmt: skip

READS = {
    "conv1": ("input",), "pool1": ("conv1",), "lrn1": ("pool1",), "conv2_reduce": ("lrn1",), "conv2": ("conv2_reduce",),
    "pool2": ("conv2",), "inception_3a.1x1": ("pool2",), "inception_3a.5x5_reduce": ("pool2",),
    "inception_3a.5x5": ("inception_3a.5x5_reduce",), "+inception3a.branch3[pool].1.bn": ("inception_3a.5x5",),
    "inception_3a.concat": ("inception_3a.1x1", "+inception3a.branch3[pool].1.bn"),
    "avgpool": ("inception_3a.concat",), "dropout": ("avgpool",), "linear": ("dropout",),
    "aux1.pool": ("inception_3a.concat",), "aux1.fc": ("aux1.pool",),
}  # fmt: skip
"""Which slots each slot of REPORT reads by the paper; around the added layer, by the model."""

REPORT = Report(
    spec=SpecId(id="canonical", title="Canonical", sha256="0123456789abcdef" * 4),
    target="nets/net[1].py:Net",
    input_shape=(3, 224, 224),
    verdict=Verdict.DIFFERS,
    reason="5 causes",
    rows=tuple(replace(row, reads=READS.get(row.slot, ())) for row in ROWS),
    findings=FINDINGS,
    unverified=(
        Unverified(what="dropout", why="the op my::drop is not known", where=at(14)),
        Unverified(what="fc.mask", why="a parameter that no op of the forward uses"),
    ),
    totals=Totals(
        expected_params=249_688,
        params=241_560,
        expected_macs=499_848_960,
        macs=492_328_192,
        expected_params_train=346_688,
        params_train=338_560,
        expected_macs_train=499_944_960,
        macs_train=492_424_192,
        model_params=338_570,
    ),
    environment=Environment(gnet_audit="0.1.0", python="3.11.7", torch="2.13.0", platform="Linux-x86_64"),
)

HEADS = frozenset({"aux1"})
"""The paper's rows of REPORT that only training uses."""


ACCEPTANCES = (
    Acceptance(
        rule="GA202", slots=("inception_3a.5x5",), attribute="kernel", observed="3×3 pad 1",
        reason="as in the old weights", by="ann", where="accepted.toml:6",
    ),
    Acceptance(
        rule="GA215", slots=("inception_3a.5x5",), attribute="batch_norm", observed="batch norm eps 0.001",
        reason="trains faster", expires=date(2030, 1, 31), where="accepted.toml:13",
    ),
    Acceptance(
        rule="GA301", slots=("lrn1",), attribute="layer", observed="nothing", reason="nobody uses it",
        where="accepted.toml:20",
    ),
)  # fmt: skip
TODAY = date(2026, 1, 1)
ACCEPTED = accept(REPORT, ACCEPTANCES, TODAY)
"""REPORT with three findings accepted."""

PROOF = Proof(
    modes=(
        ModeProof(mode="eval", status=ProofStatus.PROVEN, slots=13, outputs=1, error=2.5e-16),
        ModeProof(
            mode="train",
            status=ProofStatus.FAILED,
            why="pool2 and the model's stem.7 differ although the findings say nothing more (other shapes)",
            gap=Gap(
                slot="pool2",
                layer="stem.7",
                error=float("inf"),
                expected=Statistics(shape=(192, 28, 28), mean=0.5, deviation=0.25, low=0.0, high=2.0),
                found=Statistics(shape=(192, 27, 27), mean=0.125, deviation=float("nan"), low=-1.0, high=2.0),
            ),
        ),
    ),
    input_shape=(3, 224, 224),
)
"""A proof that failed in training."""
SWEPT = (
    Swept(size=96, reached="avgpool", proof=replace(PROOF, modes=PROOF.modes[:1])),
    Swept(size=160, reached="pool2", findings=FINDINGS[:1]),
)
"""A size at which all is well and one at which it is not."""
