"""Other ways to write the very same function: an auditor that objects to one of these cries wolf."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own habit
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from tests.mistakes.plan import HEADS, Plan, Values, Written, paper
from tests.mistakes.truth import MODULES

# --- the end ---------------------------------------------------------------------------------------


def _do(slot: str, function: Callable[..., Tensor]) -> Callable[[Plan], Plan]:
    return lambda plan: plan.become(slot, "do", function=function)


def _mean_twice(x: Tensor) -> Tensor:
    return x.mean(3).mean(2)


def _flat_mean(x: Tensor) -> Tensor:
    return x.flatten(2).mean(-1)


def _sum_over_area(x: Tensor) -> Tensor:
    return x.sum(dim=(2, 3)) / (x.shape[2] * x.shape[3])


END: dict[str, Callable[[Plan], Plan]] = {
    "adaptive-average-pool": lambda plan: plan.become("avgpool", "adaptive_avg", output_size=(1, 1)),
    "functional-adaptive-average-pool": _do("avgpool", lambda x: F.adaptive_avg_pool2d(x, 1)),
    "mean-over-height-and-width": _do("avgpool", lambda x: x.mean(dim=[2, 3])),
    "mean-kept-4d": _do("avgpool", lambda x: torch.mean(x, (-2, -1), keepdim=True)),
    "mean-in-two-steps": _do("avgpool", _mean_twice),
    "mean-of-the-flat-map": _do("avgpool", _flat_mean),
    "sum-divided-by-the-area": _do("avgpool", _sum_over_area),
    "average-pool-of-the-size-of-the-map": _do("avgpool", lambda x: F.avg_pool2d(x, x.size()[2:])),
    "average-pool-with-default-stride": lambda plan: plan.change("avgpool", stride=None),
    "unpadded-average-without-counting-padding": lambda plan: plan.change("avgpool", count_include_pad=False),
    "ceil-mode-where-it-does-nothing": lambda plan: plan.change("avgpool", ceil_mode=True).change(
        "aux?.pool", ceil_mode=True
    ),
    "dropout-on-1x1-maps": lambda plan: plan.become("dropout", "dropout2d", p=0.4),
    "functional-dropout-in-place": lambda plan: plan.change("dropout", inplace=True),
    "conv-1x1-as-classifier": lambda plan: plan.become("linear", "conv", out_channels=1000, kernel_size=1).become(
        "out", "do", function=lambda x: x.flatten(1)
    ),
    "conv-1x1-as-classifier-squeezed": lambda plan: plan.become(
        "linear", "conv", out_channels=1000, kernel_size=1
    ).become("out", "do", function=lambda x: x.squeeze(3).squeeze(2)),
    "fc1-as-conv-4x4": lambda plan: plan.become("aux?.fc1", "conv", out_channels=1024, kernel_size=4),
}

# --- activations -----------------------------------------------------------------------------------


def _relu_after_concat(plan: Plan) -> Plan:
    for module in MODULES:
        for branch in ("1x1", "3x3", "5x5", "pool_proj"):
            plan = plan.drop(f"{module}.{branch}.relu")
        plan = plan.insert(f"{module}.concat", "relu", "relu")
    return plan


def _one_relu_for_all(plan: Plan) -> Plan:
    for relu in plan.matching("*.relu")[1:]:
        plan = plan.tie(relu, "conv1.relu")
    return plan


def _relu_after_the_pools(plan: Plan) -> Plan:
    plan = plan.move("conv1.relu", after="pool1")
    for module in MODULES:
        plan = plan.insert(f"{module}.pool", "relu", "relu")
    return plan


RELU: dict[str, Callable[[Plan], Plan]] = {
    "relu-after-the-concat": _relu_after_concat,
    "relu-twice": lambda plan: plan.insert("conv2.relu", "again", "relu").insert("*.3x3.relu", "again", "relu"),
    "relu-after-the-concat-as-well": lambda plan: plan.insert("inception_*.concat", "relu", "relu"),
    "relu-after-the-max-pools": _relu_after_the_pools,
    "one-relu-module-for-all": _one_relu_for_all,
    "relu-in-place": lambda plan: plan.change("*.relu", inplace=True),
    "relu-by-clamp": _do("*.relu", lambda x: x.clamp(min=0)),
    "relu-by-method": _do("*.relu", lambda x: x.relu()),
    "relu-by-method-in-place": _do("*.relu", lambda x: x.relu_()),
}

# --- convolutions ----------------------------------------------------------------------------------


def _fused(plan: Plan, split: Callable[[Tensor, int, int], Tensor], *, relu_first: bool) -> Plan:
    """The three 1×1 convolutions that read a module's input, as one."""
    for module in MODULES:
        slots = [f"{module}.{slot}" for slot in ("1x1", "3x3_reduce", "5x5_reduce")]
        widths = [int(str(plan.steps[slot].settings["out_channels"])) for slot in slots]
        wide = f"{module}.wide"
        plan = plan.add(
            wide, "conv", plan.steps[slots[0]].reads[0], out_channels=sum(widths), kernel_size=1, stride=1, padding=0
        )
        if relu_first:
            plan = plan.add(f"{wide}.relu", "relu", wide)
        start = 0
        for slot, width in zip(slots, widths, strict=True):
            cut = f"{wide}.relu" if relu_first else wide
            plan = plan.rewire(slot, cut).become(
                slot, "do", function=lambda x, at=start, wide=width: split(x, at, wide)
            )
            plan = plan.become(f"{slot}.relu", "identity") if relu_first else plan
            start += width
    return plan


def _by_slice(x: Tensor, start: int, width: int) -> Tensor:
    return x[:, start : start + width]


def _by_narrow(x: Tensor, start: int, width: int) -> Tensor:
    return x.narrow(1, start, width)


def _by_split(x: Tensor, start: int, width: int) -> Tensor:
    rest = x.shape[1] - start - width
    return torch.split(x, [start, width, rest], dim=1)[1]


class Padded(nn.Module):
    """A convolution that pads outside of itself."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int, padding: int) -> None:
        super().__init__()
        self.padding = padding
        self.conv = nn.Conv2d(channels, out, kernel, stride)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, [self.padding] * 4))  # type: ignore[no-any-return]


def _padded_outside(plan: Plan) -> Plan:
    plan = plan.become("conv1", "module", build=lambda: Padded(3, 64, 7, 2, 3))
    return plan.become("inception_3a.5x5", "module", build=lambda: Padded(16, 32, 5, 1, 2))


class Bare(nn.Module):
    """A convolution by the functional form and parameters of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(192, 64, 3, 3))
        self.offset = nn.Parameter(torch.empty(192))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.kernel, self.offset, 1, 1)


class BareLinear(nn.Module):
    """A linear layer by a matrix product."""

    def __init__(self, product: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.product = product
        self.matrix = nn.Parameter(torch.empty(1000, 1024))
        self.offset = nn.Parameter(torch.empty(1000))

    def forward(self, x: Tensor) -> Tensor:
        return self.product(x.view(x.size(0), -1), self.matrix, self.offset)


CONV: dict[str, Callable[[Plan], Plan]] = {
    "fused-1x1-by-split": lambda plan: _fused(plan, _by_split, relu_first=False),
    "fused-1x1-by-slices-after-one-relu": lambda plan: _fused(plan, _by_slice, relu_first=True),
    "fused-1x1-by-narrow": lambda plan: _fused(plan, _by_narrow, relu_first=False),
    "padding-outside-the-conv": _padded_outside,
    "same-padding-by-word": lambda plan: plan.change("inception_*.5x5", padding="same").change("conv2", padding="same"),
    "functional-conv": lambda plan: plan.become("conv2", "module", build=Bare),
    "linear-by-matmul": lambda plan: plan.become(
        "linear", "module", build=lambda: BareLinear(lambda x, w, b: x @ w.t() + b)
    ),
    "linear-by-addmm": lambda plan: plan.become(
        "linear", "module", build=lambda: BareLinear(lambda x, w, b: torch.addmm(b, x, w.t()))
    ),
    "linear-by-functional": lambda plan: plan.become("linear", "module", build=lambda: BareLinear(F.linear)),
}

# --- pools and LRN ---------------------------------------------------------------------------------


def _pad_then_pool(x: Tensor) -> Tensor:
    # Zeros are as good as minus infinity behind a ReLU.
    return F.max_pool2d(F.pad(x, (0, 1, 0, 1)), 3, 2)


def _pad_with_infinity_then_pool(x: Tensor) -> Tensor:
    return F.max_pool2d(F.pad(x, (0, 1, 0, 1), value=float("-inf")), kernel_size=3, stride=2)


def _lrn_by_volume(x: Tensor) -> Tensor:
    squares = F.avg_pool3d(F.pad(x.pow(2).unsqueeze(1), (0, 0, 0, 0, 2, 2)), (5, 1, 1), stride=1).squeeze(1)
    return x / squares.mul(1e-4).add(1.0).pow(0.75)


def _lrn_by_shifts(x: Tensor) -> Tensor:
    channels = x.shape[1]
    squares = F.pad(x * x, (0, 0, 0, 0, 2, 2))
    total = squares[:, 0:channels]
    for shift in range(1, 5):
        total = total + squares[:, shift : shift + channels]
    return x * (1.0 + 1e-4 / 5 * total) ** -0.75


def _lrn_by_volume_pool(x: Tensor) -> Tensor:
    mean = F.avg_pool3d((x**2).unsqueeze(1), kernel_size=(5, 1, 1), stride=1, padding=(2, 0, 0))
    return x / torch.pow(1 + 1e-4 * mean[:, 0], 0.75)


POOL: dict[str, Callable[[Plan], Plan]] = {
    "zero-padding-right-and-bottom-for-ceil-mode": _do("pool?", _pad_then_pool),
    "infinite-padding-for-ceil-mode": _do("pool?", _pad_with_infinity_then_pool),
    "max-pool-with-indices": lambda plan: plan.become(
        "pool2", "do", function=lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True, return_indices=True)[0]
    ),
    "lrn-by-avg-pool3d-of-padded-squares": _do("lrn?", _lrn_by_volume),
    "lrn-by-avg-pool3d": _do("lrn?", _lrn_by_volume_pool),
    "lrn-by-shifted-sums": _do("lrn?", _lrn_by_shifts),
    "functional-lrn": _do("lrn?", lambda x: F.local_response_norm(x, 5, 1e-4, 0.75, 1.0)),
}

# --- merges, order, outputs ------------------------------------------------------------------------


def _nested(*branches: Tensor) -> Tensor:
    first, second, third, fourth = branches
    return torch.cat([torch.cat([first, second], 1), torch.cat([third, fourth], 1)], 1)


def _one_by_one(*branches: Tensor) -> Tensor:
    out, *others = branches
    for branch in others:
        out = torch.cat((out, branch), dim=-3)
    return out


class Again(nn.Module):
    """A convolution whose activations are recomputed in the backward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(64, 192, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return checkpoint(self.conv, x, use_reentrant=False)  # type: ignore[no-any-return]


def _identities(plan: Plan) -> Plan:
    for pattern in ("conv*", "inception_*.concat", "inception_*.pool", "aux?.fc?", "lrn?", "dropout"):
        plan = plan.insert(pattern, "nothing", "identity")
    return plan


def _packed(pack: Callable[[Values, bool], object]) -> Callable[[Plan], Plan]:
    return lambda plan: replace(plan, pack=pack)


def _dict_in_training(values: Values, training: bool) -> object:
    if not training:
        return values["out"]
    return {"logits": values["out"], "aux": {head: values[f"{head}.fc2"] for head in HEADS}}


def _list_with_heads_first(values: Values, training: bool) -> object:
    return [values["aux2.fc2"], values["aux1.fc2"], values["out"]] if training else [values["out"]]


def _nones_in_eval(values: Values, training: bool) -> object:
    return (values["out"], values["aux1.fc2"], values["aux2.fc2"]) if training else (values["out"], None, None)


def _softmax_in_eval(values: Values, training: bool) -> object:
    if training:
        return values["out"], values["aux1.fc2"], values["aux2.fc2"]
    return F.softmax(values["out"], dim=1)


GRAPH: dict[str, Callable[[Plan], Plan]] = {
    "nested-cat": _do("inception_*.concat", _nested),
    "cat-one-by-one": _do("inception_*.concat", _one_by_one),
    "hstack": _do("inception_*.concat", lambda *branches: torch.hstack(branches)),
    "concat-alias": _do("inception_*.concat", lambda *branches: torch.concat(list(branches), 1)),
    "identity-everywhere": _identities,
    "contiguous-and-clone": lambda plan: plan.insert(
        "pool3", "copy", "do", function=lambda x: x.contiguous(memory_format=torch.channels_last).clone()
    ),
    "checkpointed-conv": lambda plan: plan.become("conv2", "module", build=Again),
    "dict-in-training": _packed(_dict_in_training),
    "heads-first-in-a-list": _packed(_list_with_heads_first),
    "logits-and-nones-in-eval": _packed(_nones_in_eval),
    "softmax-in-eval-only": _packed(_softmax_in_eval),
}


def _shuffled(names: str) -> Callable[[Plan], Written]:
    random = Random(names)
    return lambda plan: Written(plan, names=lambda _: f"m{random.getrandbits(48):x}", shuffle=Random(names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalent:
    """A way to write the paper's network, or the same in another order and under other names."""

    id: str
    edit: Callable[[Plan], Plan] = field(default=lambda plan: plan)
    build: Callable[[Plan], nn.Module] = Written

    @property
    def model(self) -> nn.Module:
        """The model, on meta."""
        return self.build(self.edit(paper()))


EQUIVALENTS: tuple[Equivalent, ...] = (
    Equivalent(id="as-in-the-paper"),
    Equivalent(id="renamed-and-reordered", build=_shuffled("first")),
    Equivalent(id="renamed-and-reordered-again", build=_shuffled("second")),
    *(Equivalent(id=id, edit=edit) for table in (END, RELU, CONV, POOL, GRAPH) for id, edit in table.items()),
)
