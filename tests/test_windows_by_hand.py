"""Pools written by windows of a map and by letters: understood where certain, and always the very same function."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gnet_audit import audit, derive
from gnet_audit.canonical import canonical
from gnet_audit.errors import ShapeError
from gnet_audit.live import execute
from gnet_audit.network import AdaptivePool2d, Elementwise, Layer, Op, Pool2d, PoolKind, Unknown
from gnet_audit.proof import ProofStatus
from gnet_audit.report import Verdict
from tests.live.running import Calls, network
from tests.mistakes.plan import Written, paper
from tests.mistakes.truth import serious

Form = Callable[[Tensor], Tensor]
SHAPE = (4, 12, 10)
GLOBAL = AdaptivePool2d(kind=PoolKind.AVG, output_size=(1, 1))


def understood(form: Form) -> tuple[Op, ...]:
    """The ops that a form is taken for; executed they give what it gives, or they are not all known."""
    found = canonical(network(Calls(form), SHAPE)).network
    image = torch.rand(2, *SHAPE, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    try:
        own = execute.run(found, no_weights, image)[found.outputs[0].layer]
    except execute.UnknownOpError:
        pass
    else:
        torch.testing.assert_close(own.flatten(1), form(image).flatten(1), rtol=1e-12, atol=1e-12)
    return tuple(layer.op for layer in found.layers[1:])


def no_weights(layer: Layer) -> execute.Weights:
    assert not layer.weights
    return {}


def pool(kind: PoolKind, kernel: tuple[int, int], stride: tuple[int, int]) -> Pool2d:
    return Pool2d(kind=kind, kernel=kernel, stride=stride)


def windows(x: Tensor, size: int = 5, step: int = 3) -> Tensor:
    """5×5 windows, every third."""
    return x.unfold(2, size, step).unfold(3, size, step)


# --- sums by letters ----------------------------------------------------------------------------------------

BY_LETTERS: dict[str, Form] = {
    "a quotient": lambda x: torch.einsum("nchw->nc", x) / 120,
    "a product": lambda x: torch.einsum("nchw->nc", x) * (1 / 120),
    "other letters": lambda x: torch.einsum("Xbji->Xb", x) / 120,
    "spaces": lambda x: torch.einsum(" n c h w -> n c ", x) / 120,
    "an ellipsis": lambda x: torch.einsum("...hw->...", x) / 120,
    "an ellipsis for one axis": lambda x: torch.einsum("n...hw->n...", x).div(120),
    "an ellipsis for none": lambda x: torch.einsum("nchw...->nc...", x) / 120,
    "a list of operands": lambda x: torch.einsum("nchw->nc", [x]) / 120,
}


@pytest.mark.parametrize("form", BY_LETTERS)
def test_a_sum_over_the_map_by_letters_and_its_area_is_the_global_average(form: str) -> None:
    assert understood(BY_LETTERS[form]) == (GLOBAL,)


OTHER_LETTERS: dict[str, Form] = {
    "another area": lambda x: torch.einsum("nchw->nc", x) / 100,
    "the area by the sum": lambda x: 120 / torch.einsum("nchw->nc", x),
    "the area by the sum of a method": lambda x: 120 / x.sum((2, 3)),
    "one axis": lambda x: torch.einsum("nchw->nch", x) / 10,
    "the channels too": lambda x: torch.einsum("nchw->n", x) / 480,
    "channels and height": lambda x: torch.einsum("nchw->nw", x) / 48,
    "the batch": lambda x: torch.einsum("nchw->c", x) / 120,
    "two axes turned": lambda x: torch.einsum("nchw->cn", x).t() / 120,
    "no arrow": lambda x: torch.einsum("nchw", x),
    "a diagonal": lambda x: torch.einsum("ncii->nc", x[..., :10, :]) / 10,
    "another order": lambda x: torch.einsum("nchw->nhwc", x),
    "the axes of the ellipsis": lambda x: torch.einsum("n...->n", x) / 480,
    "squares": lambda x: torch.einsum("nchw,nchw->nc", x, x) / 120,
}


@pytest.mark.parametrize("form", OTHER_LETTERS)
def test_other_letters_are_no_global_average(form: str) -> None:
    assert GLOBAL not in understood(OTHER_LETTERS[form])


@pytest.mark.parametrize(
    "letters", ["nchw->nwc", "nchw->cn", "nchw->chw", "nchw->nchw", "nchw", "niii->ni", "nccw->ncw", "ncii->nc"]
)
def test_other_letters_are_an_unknown_op(letters: str) -> None:
    (layer,) = network(Calls(lambda x: torch.einsum(letters, x)), (5, 5, 5)).layers[1:]
    assert layer.op == Unknown(function="einsum")


def test_letters_say_which_axes_are_summed() -> None:
    (layer,) = network(Calls(lambda x: torch.einsum("nchw->nh", x)), SHAPE).layers[1:]
    assert (layer.op, layer.shape) == (Elementwise(function="sum", constants=(0, 2)), (12,))


# --- windows of a map ---------------------------------------------------------------------------------------

AVERAGES: dict[str, Form] = {
    "a mean": lambda x: windows(x).mean((-1, -2)),
    "a mean over axes from the front": lambda x: windows(x).mean(dim=[4, 5]),
    "the width first": lambda x: x.unfold(3, 5, 3).unfold(2, 5, 3).mean((-1, -2)),
    "axes from the end": lambda x: x.unfold(-2, 5, 3).unfold(3, 5, 3).mean((-1, -2)),
    "two means": lambda x: windows(x).mean(-1).mean(-1),
    "two means, the first axis first": lambda x: windows(x).mean(-2).mean(-1),
    "a sum and its share": lambda x: windows(x).sum((-1, -2)) / 25,
    "a sum times its share": lambda x: 0.04 * windows(x).sum((4, 5)),
    "two sums": lambda x: windows(x).sum(-1).sum(-1).div(25),
    "letters": lambda x: torch.einsum("nchwij->nchw", windows(x)) / 25,
    "windows on one axis": lambda x: windows(x).contiguous().view(*x.shape[:2], 3, 2, 25).mean(-1),
    "windows on one axis, flattened": lambda x: windows(x).flatten(-2).mean(-1),
}
LARGEST: dict[str, Form] = {
    "amax": lambda x: windows(x).amax((-1, -2)),
    "two of amax": lambda x: windows(x).amax(-1).amax(dim=-1),
    "max": lambda x: windows(x).max(-1).values.max(-1)[0],
    "max by name": lambda x: torch.max(torch.max(windows(x), dim=5)[0], dim=4)[0],
    "windows on one axis": lambda x: windows(x).reshape(x.shape[0], 4, 3, 2, -1).max(dim=-1).values,
}


@pytest.mark.parametrize(
    ("form", "constants", "shape"),
    [
        (lambda x: x.unfold(1, 3, 1), (0, 3, 1), (2, 12, 10, 3)),
        (lambda x: x.unfold(size=5, step=2, dimension=-2), (1, 5, 2), (4, 4, 10, 5)),
        (lambda x: x.unfold(3, 10, 7), (2, 10, 7), (4, 12, 1, 10)),
    ],
)
def test_windows_have_an_axis_a_size_and_a_step(form: Form, constants: tuple[int, ...], shape: tuple[int, ...]) -> None:
    (layer,) = network(Calls(form), SHAPE).layers[1:]
    assert layer.op == Elementwise(function="unfold", constants=constants)
    assert layer.shape == derive.output_shape(layer.op, (SHAPE,)) == shape


def test_a_window_that_does_not_fit_is_told() -> None:
    with pytest.raises(ShapeError, match="a window of 13 does not fit"):
        derive.output_shape(Elementwise(function="unfold", constants=(1, 13, 1)), (SHAPE,))


def test_the_largest_of_windows_has_the_shape_of_what_is_left() -> None:
    largest = network(Calls(LARGEST["amax"]), SHAPE).layers[-1]
    assert largest.op == Elementwise(function="amax", constants=(3, 4))
    assert derive.output_shape(largest.op, ((4, 3, 2, 5, 5),)) == largest.shape == (4, 3, 2)


@pytest.mark.parametrize("form", AVERAGES)
def test_a_mean_over_windows_is_an_average_pool(form: str) -> None:
    assert understood(AVERAGES[form]) == (pool(PoolKind.AVG, (5, 5), (3, 3)),)


@pytest.mark.parametrize("form", LARGEST)
def test_the_largest_of_windows_is_a_max_pool(form: str) -> None:
    assert understood(LARGEST[form]) == (pool(PoolKind.MAX, (5, 5), (3, 3)),)


@pytest.mark.parametrize(("kind", "form"), [(PoolKind.AVG, AVERAGES["a mean"]), (PoolKind.MAX, LARGEST["amax"])])
def test_a_share_of_a_pool_is_not_the_pool(kind: PoolKind, form: Form) -> None:
    expected = pool(kind, (5, 5), (3, 3))
    assert understood(lambda x: form(x) / 25) == (expected, Elementwise(function="div", constants=(None, 25)))
    assert understood(lambda x: form(x) * 0.04) == (expected, Elementwise(function="mul", constants=(None, 0.04)))


OTHER_WINDOWS: dict[str, tuple[Form, Pool2d]] = {
    "another step across": (
        lambda x: x.unfold(2, 5, 3).unfold(3, 5, 2).mean((-1, -2)), pool(PoolKind.AVG, (5, 5), (3, 2)),
    ),
    "another step down": (
        lambda x: x.unfold(3, 5, 3).unfold(2, 5, 1).amax((-1, -2)), pool(PoolKind.MAX, (5, 5), (1, 3)),
    ),
    "another width": (
        lambda x: x.unfold(2, 5, 3).unfold(3, 4, 3).sum((-1, -2)) / 20, pool(PoolKind.AVG, (5, 4), (3, 3)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", OTHER_WINDOWS)
def test_other_windows_are_other_pools(form: str) -> None:
    run, expected = OTHER_WINDOWS[form]
    assert understood(run) == (expected,)


NO_POOLS: dict[str, Form] = {
    "one axis of a window": lambda x: windows(x).mean(-1),
    "one axis of a window, the other left out": lambda x: windows(x).mean(-1)[..., 0],
    "an axis of a window and one of the map": lambda x: windows(x).mean((-1, 2)),
    "windows and map": lambda x: windows(x).mean((2, 3, 4, 5)),
    "windows of the channels": lambda x: x.unfold(1, 3, 1).unfold(3, 5, 3).mean((-1, -2)),
    "windows of one axis twice": lambda x: x.unfold(2, 5, 3).unfold(2, 2, 1).mean((-1, -2)),
    "windows of windows": lambda x: x.unfold(2, 5, 3).unfold(4, 3, 1).mean((-1, -2)),
    "windows of one axis": lambda x: x.unfold(2, 5, 3).mean(-1),
    "another share": lambda x: windows(x).sum((-1, -2)) / 24,
    "the share of one axis": lambda x: windows(x).sum((-1, -2)) / 5,
    "the share by the sum": lambda x: 25 / windows(x).sum((-1, -2)),
    "a mean of the largest": lambda x: windows(x).amax(-1).mean(-1),
    "the largest of the means": lambda x: windows(x).mean(-1).max(-1).values,
    "the smallest": lambda x: windows(x).amin((-1, -2)),
    "axes kept": lambda x: windows(x).mean((-1, -2), keepdim=True),
    "axes of sums kept": lambda x: windows(x).sum((-1, -2), keepdim=True) / 25,
    "the largest, kept": lambda x: windows(x).amax(-1, keepdim=True).amax(-1)[..., 0],
    "windows side by side": lambda x: (
        windows(x).permute(0, 1, 2, 4, 3, 5).reshape(x.shape[0], 4, 15, 10).mean((-1, -2))
    ),
    "some of each window": lambda x: windows(x)[..., :4].mean((-1, -2)),
    "half of each flat window": lambda x: windows(x).reshape(x.shape[0], 4, 3, 2, 25)[..., :5].mean(-1),
    "values of windows in another shape": lambda x: windows(x).reshape(x.shape[0], 4, 3, 10, 5).mean(-1),
    "the function of the same name": lambda x: torch.nn.functional.unfold(x, 5, stride=3).mean(1),
    "images": lambda x: x.unfold(0, 2, 1).unfold(3, 5, 3).mean((-1, -2)),
}


@pytest.mark.parametrize("form", NO_POOLS)
def test_what_is_no_pool_of_windows_is_taken_for_none(form: str) -> None:
    assert not any(isinstance(one, Pool2d) for one in understood(NO_POOLS[form]))


def test_where_the_largest_of_windows_are_is_not_how_large_they_are() -> None:
    places = network(Calls(lambda x: windows(x).flatten(-2).max(-1).indices * 1.0), SHAPE)
    assert places.outputs == ()
    assert [entry.why for entry in places.unverified if "trace" in entry.why] == [
        "it is returned, but the trace cannot lead it back to the input"
    ]
    both = network(Calls(lambda x: x * windows(x, 1, 1).flatten(-2).max(-1).indices), SHAPE)
    assert any("neither input nor parameter" in entry.why for entry in both.unverified)


# --- in the paper's network -----------------------------------------------------------------------------------


def halved(largest: Form) -> Form:
    """A pool 3×3/2, the missing row and column made up by minus infinity."""
    return lambda x: largest(windows(torch.nn.functional.pad(x, (0, 1, 0, 1), value=-torch.inf), 3, 2))


PAPERS: dict[str, dict[str, Form]] = {
    "letters, means, amax": {
        "avgpool": lambda x: torch.einsum("nchw->nc", x) / 49,
        "aux?.pool": AVERAGES["a mean"],
        "pool4": halved(lambda x: x.amax((-1, -2))),
    },
    "an ellipsis, sums, max": {
        "avgpool": lambda x: torch.einsum("...ij->...", x) * (1 / 49),
        "aux?.pool": AVERAGES["a sum and its share"],
        "pool4": halved(lambda x: x.max(-1)[0].max(-1)[0]),
    },
}


def written(forms: dict[str, Form]) -> Written:
    """The paper's network with some of its slots written otherwise."""
    plan = paper()
    for slot, form in forms.items():
        plan = plan.become(slot, "do", function=form)
    return Written(plan)


@pytest.mark.parametrize("forms", PAPERS)
def test_the_papers_network_with_pools_by_hand_is_proven(forms: str) -> None:
    report = audit(written(PAPERS[forms]))
    assert serious(report.findings) == ()
    assert report.verdict is Verdict.MATCHES
    assert report.proof is not None
    assert report.proof.status is ProofStatus.PROVEN, report.proof.line


def test_what_is_no_pool_of_windows_is_told_with_nothing_proven_that_is_not_so() -> None:
    columns = written({"aux1.pool": lambda x: x.unfold(2, 5, 3).mean(-1)[..., 0:10:3][..., :4]})
    report = audit(columns)
    assert report.verdict is Verdict.DIFFERS
    assert "aux1.pool" in {row for one in serious(report.findings) for row in one.rows}


def test_a_window_of_another_step_is_told_by_its_stride_and_proven() -> None:
    form: Form = lambda x: x.unfold(2, 5, 3).unfold(3, 5, 2).mean((-1, -2))  # noqa: E731
    report = audit(written({"aux1.pool": form}))
    assert [(one.rule, one.rows) for one in serious(report.findings)] == [("GA203", ("aux1.pool",))]
    assert report.proof is not None
    assert report.proof.status is ProofStatus.PROVEN, report.proof.line
