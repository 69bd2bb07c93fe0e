"""The proof: the paper's network with the findings applied, executed beside the model with the model's own weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import prod

import torch
from torch import Tensor
from torch.utils._mode_utils import no_dispatch

from gnet_audit import derive, patch
from gnet_audit.compare import Comparison, View
from gnet_audit.errors import ShapeError, said
from gnet_audit.findings import Edit
from gnet_audit.garbage import uncollected
from gnet_audit.live import execute, witness
from gnet_audit.live.raising import within_limits
from gnet_audit.live.target import Build
from gnet_audit.live.trace import SWITCHES
from gnet_audit.live.values import Values, randomised, values
from gnet_audit.network import (
    Activation,
    Add,
    BatchNorm,
    Conv2d,
    Layer,
    Linear,
    Mode,
    Network,
    Shape,
    Unknown,
    Weight,
)
from gnet_audit.notation import op_text
from gnet_audit.proof import TOLERANCE, TOLERANCE_FLOAT32, Gap, ModeProof, Proof, ProofStatus, Statistics


def prove(
    build: Build,
    expected: Mapping[Mode, Network],
    comparison: Comparison,
    edits: Iterable[Edit],
    input_shape: Shape,
) -> Proof:
    """Execute both sides on random images in every mode that could be traced, and compare all that corresponds."""
    return judged(expected, comparison, edits, collected(build, comparison, input_shape), input_shape)


def collected(build: Build, comparison: Comparison, input_shape: Shape) -> Mapping[Mode, Values | str]:
    """The model's own values in each mode, or why there are none; in float32 where the model takes no float64."""
    found = _collected(build, comparison, input_shape, torch.float64)
    failed = [mode for mode, own in found.items() if isinstance(own, str)]
    if failed:
        again = _collected(build, comparison, input_shape, torch.float32)
        found |= {mode: again[mode] for mode in failed if not isinstance(again[mode], str)}
    return found


SUMS = 200
"""More sums than these, one behind the other, could grow beyond any number with weights of the usual size."""


def _collected(
    build: Build, comparison: Comparison, input_shape: Shape, dtype: torch.dtype
) -> dict[Mode, Values | str]:
    modes = sorted(comparison.views)
    sums = max(sum(isinstance(layer.op, Add) for layer in comparison.views[mode].found.layers) for mode in modes)
    share = 0.1 if sums > SUMS else 1.0
    try:
        twin = randomised(build, input_shape, dtype, share)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - copying the user's model runs the user's code
        within_limits(error, build.text)
        return dict.fromkeys(modes, f"the model cannot be copied with numbers ({_told(error)})")
    found: dict[Mode, Values | str] = {}
    for mode in modes:
        view = comparison.views[mode]
        stuck = [entry.why for entry in view.found.unverified if entry.what == SWITCHES[mode]]
        if stuck:
            found[mode] = f"{SWITCHES[mode]} cannot be called, {stuck[0]}"
            continue
        # One image is enough, but for batch statistics: those of a single value say nothing.
        normalised = any(isinstance(one.op, BatchNorm) and one.op.batch_statistics for one in view.found.layers)
        try:
            found[mode] = values(build, twin, mode, input_shape, 1 + normalised, partial=not view.complete)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - the forward is the user's code
            within_limits(error, build.text)
            found[mode] = f"the forward raises with numbers ({_told(error)})"
    return found


@uncollected()
def judged(
    expected: Mapping[Mode, Network],
    comparison: Comparison,
    edits: Iterable[Edit],
    found: Mapping[Mode, Values | str],
    input_shape: Shape,
) -> Proof:
    """The claim that nothing but the edits differs, held against the model's values."""
    applied = tuple(edits)
    modes = (_mode(expected[mode], comparison.views[mode], applied, own) for mode, own in found.items())
    single = any(isinstance(own, Values) and own.image.dtype != torch.float64 for own in found.values())
    tolerance = TOLERANCE_FLOAT32 if single else TOLERANCE
    return Proof(modes=tuple(modes), input_shape=input_shape, tolerance=tolerance)


def _mode(expected: Network, view: View, edits: tuple[Edit, ...], found: Values | str) -> ModeProof:
    why = ""
    try:
        if isinstance(found, Values):
            claimed = patch.apply(expected, edits)
            # A weight may be of a class of the user's, and a mode may be on: neither is asked.
            with torch._C.DisableTorchFunction(), no_dispatch():  # noqa: SLF001 - documented, whatever its name
                if witness.computes():
                    return _compared(claimed, view, found, partners_of(claimed, view))
        why = witness.WHY if isinstance(found, Values) else found
    except execute.UnknownOpError as error:
        why = str(error)
    except ShapeError as error:
        why = f"the findings cannot be applied together: {error.line}"
    except (RuntimeError, KeyError, IndexError) as error:
        within_limits(error, view.found.name)
        # The claim asks for weights or shapes that the model has not.
        told = f"there is no {error.args[0]}" if isinstance(error, KeyError) else _told(error)
        why = f"the findings do not fit the model's weights ({told})"
    return ModeProof(mode=expected.mode, status=ProofStatus.OPEN, why=why)


def _told(error: BaseException) -> str:
    return said(error)[:200]


def _compared(claimed: Network, view: View, found: Values, partners: Mapping[str, Layer]) -> ModeProof:
    if not view.complete:
        claimed = _opening(claimed, {pair.expected.name for pair in view.reached() if pair.expected})
    for layer in claimed.layers:
        partner = partners.get(layer.name)
        if partner is not None and isinstance(partner.op, Unknown) and isinstance(layer.op, Conv2d | Linear):
            raise execute.UnknownOpError(op_text(partner.op), layer.name)
        if why := _misfit(layer, claimed, _weights(layer, partners, found)):
            return ModeProof(mode=claimed.mode, status=ProofStatus.FAILED, why=why)
    with torch.no_grad():
        own = execute.run(claimed, lambda layer: _weights(layer, partners, found), found.image)
    count, worst = 0, 0.0
    exact = found.image.dtype == torch.float64
    tolerance, precision = (TOLERANCE, "float64") if exact else (TOLERANCE_FLOAT32, "float32")
    for layer in claimed.layers:
        partner = partners.get(layer.name)
        if partner is None or partner.name in view.rewrites.changed or partner.name not in found.layers:
            continue
        error = _error(own[layer.name], found.layers[partner.name])
        if not error <= tolerance:
            return _failed(view, layer.name, partner.name, error, own[layer.name], found.layers[partner.name])
        count, worst = count + 1, max(worst, error)
    if not view.complete:
        return ModeProof(mode=claimed.mode, status=ProofStatus.PROVEN, slots=count, error=worst, precision=precision)
    slot_of = {partner.name: name for name, partner in partners.items()}
    for output in view.found.outputs:
        slot = slot_of.get(output.layer)
        if slot is None:
            why = f"the output {output.path} has no counterpart in the paper's network with the findings"
            return ModeProof(mode=claimed.mode, status=ProofStatus.OPEN, slots=count, why=why)
        error = _error(own[slot], found.outputs[output.path])
        if not error <= tolerance:
            return _failed(view, slot, output.path, error, own[slot], found.outputs[output.path])
        worst = max(worst, error)
    return ModeProof(
        mode=claimed.mode,
        status=ProofStatus.PROVEN,
        slots=count,
        outputs=len(view.found.outputs),
        error=worst,
        precision=precision,
    )


def _opening(claimed: Network, reached: set[str]) -> Network:
    """The layers up to where the model's forward came: those reached, and what they read."""
    needed: set[str] = set()
    for layer in reversed(claimed.layers):
        if layer.name in reached or layer.name in needed:
            needed |= {layer.name, *layer.inputs}
    return replace(claimed, layers=tuple(layer for layer in claimed.layers if layer.name in needed))


def _error(one: Tensor, two: Tensor) -> float:
    """The largest difference as a share of the largest value; a map and its flattened form may be equal.

    Of one image a model may drop the batch too, as `squeeze()` does.
    """
    batch = one.shape[0]
    if one.numel() != two.numel() or (batch > 1 and two.shape[:1] != (batch,)):
        return float("inf")
    one, two = one.reshape(two.shape).double(), two.double()
    scale = max(one.abs().max().item(), two.abs().max().item())
    return (one - two).abs().max().item() / scale if scale else 0.0


def _failed(view: View, slot: str, layer: str, error: float, own: Tensor, found: Tensor) -> ModeProof:
    gap = Gap(slot=slot, layer=layer, error=error, expected=_statistics(own), found=_statistics(found))
    size = "other shapes" if error == float("inf") else f"a difference of {error:.1e}"
    return ModeProof(
        mode=view.expected.mode,
        status=ProofStatus.FAILED,
        why=f"{slot} and the model's {layer} differ although the findings say nothing more ({size})",
        gap=gap,
    )


def _statistics(value: Tensor) -> Statistics:
    numbers = value.double()
    return Statistics(
        shape=tuple(value.shape[1:]),
        mean=numbers.mean().item(),
        deviation=numbers.std(correction=0).item(),
        low=numbers.min().item(),
        high=numbers.max().item(),
    )


# --- which of the model's layers is which ---------------------------------------------------------------


def partners_of(claimed: Network, view: View) -> dict[str, Layer]:
    """For each layer of the paper's network with the findings the model's layer that it is said to be."""
    partners = {layer.name: view.found.by_name[layer.of] for layer in claimed.layers if layer.of in view.found.by_name}
    taken = {partner.name for partner in partners.values()}
    for pair in view.reached():
        if pair.expected is None or pair.found is None:
            continue
        partners.setdefault(pair.expected.anchor.name, pair.found.anchor)
        for kind in (Activation, BatchNorm):
            own = [layer for layer in pair.found.trail if isinstance(layer.op, kind) and layer.name not in taken]
            wanted = [layer for layer in pair.expected.trail if isinstance(layer.op, kind)]
            partners |= {one.name: two for one, two in zip(wanted, own, strict=False) if one.name in claimed.by_name}
    return partners


def _misfit(layer: Layer, claimed: Network, weights: execute.Weights) -> str:
    """What is wrong with the sizes of a layer's weights: the functions would take any."""
    shapes = tuple(claimed.by_name[name].shape for name in layer.inputs)
    if not isinstance(layer.op, Conv2d | Linear) or any(shape is None for shape in shapes):
        return ""
    needed = derive.parameter_shapes(layer.op, tuple(shape for shape in shapes if shape is not None))
    for role, shape in needed.items():
        given = weights.get(role)
        if given is not None and (given.shape[0] != shape[0] or given.numel() != prod(shape)):
            text = "×".join(map(str, given.shape))
            return f"{layer.name} needs a {role} of {'×'.join(map(str, shape))}, the model's is {text}"
    return ""


def _weights(layer: Layer, partners: Mapping[str, Layer], found: Values) -> execute.Weights:
    partner = partners.get(layer.name)
    if partner is None:
        return {}
    kept = found.weights.get(partner.name, {})
    named = {weight.role: tensor for weight in partner.weights if (tensor := _tensor(weight, found)) is not None}
    ordered = {weight.role: weight.columns for weight in partner.weights if weight.columns}
    return {role: _by_map(one, *ordered[role]) if role in ordered else one for role, one in (named | kept).items()}


def _by_map(weight: Tensor, of: Shape, order: tuple[int, ...]) -> Tensor:
    """Columns in the order of a map's own axes, for those in another."""
    columns = weight.reshape(len(weight), *(of[axis] for axis in order))
    return columns.permute(0, *(1 + order.index(axis) for axis in range(len(order)))).flatten(1)


def _tensor(weight: Weight, found: Values) -> Tensor | None:
    """A parameter by its name, in the shape of its use; a part of it where the layer is a part of a wide one."""
    tensor = found.parameters.get(weight.name)
    if tensor is None:
        return None
    if weight.role == "bias":
        tensor = tensor.flatten()
    if tensor.ndim == 2 and len(weight.shape) > 1:
        tensor = tensor if tuple(tensor.shape) == weight.shape[:2] else tensor.t()
        tensor = tensor.reshape(weight.shape) if tensor.numel() == prod(weight.shape) else tensor
    return tensor if weight.rows is None else tensor[slice(*weight.rows)]
