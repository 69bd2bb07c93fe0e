"""The shared vocabulary: what a paper's network and a traced model both become."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

Pair: TypeAlias = tuple[int, int]
Padding: TypeAlias = tuple[int, int, int, int]
"""Rows and columns added at the top, bottom, left and right."""
Shape: TypeAlias = tuple[int, ...]
"""Without the batch: an image is (channels, height, width), a vector is (features,)."""


class Mode(StrEnum):
    """Whether the network is run to predict or to learn."""

    EVAL = "eval"
    TRAIN = "train"


class Status(StrEnum):
    """How sure a fact of the paper is."""

    PRINTED = "printed"
    STATED = "stated"
    INFERRED = "inferred"


class PoolKind(StrEnum):
    """What a pooling window takes of its values."""

    MAX = "max"
    AVG = "avg"


# --- ops: one frozen value per kind, defaults as in PyTorch ----------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """Where data enters the network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conv2d:
    """A 2-D convolution (`transposed` for its gradient form)."""

    out_channels: int
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Padding = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    bias: bool = True
    padding_mode: str = "zeros"
    transposed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool2d:
    """A 2-D pooling with fixed windows; `count_include_pad` only matters for averages."""

    kind: PoolKind
    kernel: Pair
    stride: Pair
    padding: Padding = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    ceil_mode: bool = False
    count_include_pad: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptivePool2d:
    """A 2-D pooling to a fixed output size; (1, 1) is the global pooling."""

    kind: PoolKind
    output_size: Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class LRN:
    """Local response normalisation: x / (k + alpha / size * sum of squares) ** beta."""

    size: int
    alpha: float
    beta: float
    k: float
    across: str = "channels"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchNorm:
    """Batch normalisation over the channels."""

    eps: float = 1e-5
    affine: bool = True
    momentum: float | None = 0.1
    batch_statistics: bool = False
    """True where the batch's own statistics are used (training, or no running ones)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """A fully connected layer on the flattened input."""

    out_features: int
    bias: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """A pointwise non-linearity, by its name in torch.nn.functional (`relu`, `leaky_relu`, …)."""

    function: str
    parameters: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropout:
    """Dropout; `rate` is the share of values dropped; inactive ones pass everything."""

    rate: float
    active: bool = True
    channels: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Softmax:
    """A softmax over `axis` of the shape without the batch; `log` for its logarithm."""

    axis: int = 0
    log: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Concat:
    """A concatenation along `axis` of the shape without the batch (0: the channels)."""

    axis: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """A sum of equally shaped inputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flatten:
    """A change of shape that keeps the order of the values; with an `order`, of the values in that order of axes."""

    shape: Shape | None = None
    of: Shape = ()
    order: tuple[int, ...] = ()
    """Axis by axis of the new order the axis of `of`, the shape before; empty where they stay as they are."""

    @property
    def ordered(self) -> Shape:
        """The shape when the axes are in their order."""
        return tuple(self.of[axis] for axis in self.order)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pad:
    """Constant or mirrored values added around an image."""

    padding: Padding
    value: float = 0.0
    padding_mode: str = "constant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A mean over some axes of the shape without the batch."""

    axes: tuple[int, ...]
    keepdim: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A range `start` … `stop` along one axis of the shape without the batch (split, chunk, narrow, indexing)."""

    axis: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Elementwise:
    """Plain arithmetic on tensors and constants (`mul`, `add`, `pow`, `div`, …): the raw material of hand-written layers."""

    function: str
    constants: tuple[float | None, ...] = ()
    """A number where an operand is one, or an axis or a size is meant, and None where it is a tensor input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An op that changes no value (identity, contiguous, clone, a cast to the same type)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """An op outside the vocabulary: named, never guessed."""

    function: str


Op: TypeAlias = (
    Input
    | Conv2d
    | Pool2d
    | AdaptivePool2d
    | LRN
    | BatchNorm
    | Linear
    | Activation
    | Dropout
    | Softmax
    | Concat
    | Add
    | Flatten
    | Pad
    | Mean
    | Slice
    | Elementwise
    | Identity
    | Unknown
)


# --- where a layer comes from ----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a fact stands and how sure it is."""

    id: str
    where: str
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecOrigin:
    """A layer's place in the paper: its row and, for single attributes, other sources than the row's."""

    row: str
    title: str
    source: Source
    attributes: tuple[tuple[str, Source], ...] = ()
    printed: tuple[tuple[str, str], ...] = ()
    """Printed cells that speak of this very layer (`output`), as text."""

    def source_of(self, attribute: str) -> Source:
        """The source of one attribute: its own, else the row's."""
        return dict(self.attributes).get(attribute, self.source)

    def printed_cell(self, name: str) -> str | None:
        """A printed cell of this layer, as text."""
        return dict(self.printed).get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A line of the user's code, and the numbers and words written literally in that statement."""

    file: str
    line: int
    literals: tuple[str, ...] = ()
    offset: int = field(default=-1, compare=False)
    """Which of the instructions of its function it is: two calls in one line are told apart by this alone."""
    function: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOrigin:
    """A layer's place in the user's code."""

    module: str = ""
    """Dotted name of the module that called the op; only ever shown, never used to align."""
    module_class: str = ""
    calls: tuple[Location, ...] = ()
    """The lines that led to the op, innermost first, torch's own left out."""
    constructed: tuple[Location, ...] = ()
    """The lines that constructed the module, innermost first, torch's own left out."""
    written: tuple[Location, ...] = ()
    """The lines of a literal table, tuple or configuration from which its constructors' values were taken."""
    idle: tuple[tuple[Location, ...], ...] = ()
    """For each module that gave back what this layer then read, as it was (an identity), the lines that constructed it."""

    @property
    def call(self) -> Location | None:
        """The line that called the op."""
        return self.calls[0] if self.calls else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """A parameter or buffer that an op uses."""

    role: str
    """`weight`, `bias`, `running_mean` or `running_var`."""
    name: str
    """Dotted name in the model; layers with the same name share it. Empty: computed on the way."""
    shape: Shape
    trainable: bool = True
    rows: Pair | None = None
    """From and up to which row (output channel) it is used; None for all of it."""
    columns: tuple[Shape, tuple[int, ...]] | None = None
    """The map that its columns stand for where they follow another order of its axes, and that order (as in `Flatten`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One op of a network with what flows in and out of it."""

    name: str
    op: Op
    inputs: tuple[str, ...] = ()
    shape: Shape | None = None
    """Output shape without the batch; None where it cannot be known."""
    params: int = 0
    """Parameters first used here (a shared one counts once)."""
    macs: int = 0
    """Multiply-accumulates of convolutions and linear layers, per image."""
    weights: tuple[Weight, ...] = ()
    origin: SpecOrigin | CodeOrigin | None = None
    of: str = ""
    """For a layer that a finding adds to the paper's network: the layer of the model that it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A value that the network returns: where in the returned structure, and of which layer."""

    path: str
    layer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """Something that was not checked, and why."""

    what: str
    why: str
    where: Location | None = None


UNCALLED = "defined but never called"
"""Why a module was not checked that nothing calls."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """Layers in an order in which they can be run, from the inputs to the outputs."""

    name: str
    mode: Mode
    layers: tuple[Layer, ...]
    outputs: tuple[Output, ...]
    unverified: tuple[Unverified, ...] = ()

    def __hash__(self) -> int:
        """Cheap, so that a cache may hold networks: equal ones agree in this."""
        return hash((self.name, self.mode, len(self.layers)))

    @cached_property
    def by_name(self) -> dict[str, Layer]:
        """Each layer under its name."""
        return {layer.name: layer for layer in self.layers}

    @cached_property
    def consumers(self) -> dict[str, tuple[str, ...]]:
        """The layers that read each layer, in order, once per reading."""
        found: dict[str, list[str]] = {layer.name: [] for layer in self.layers}
        for layer in self.layers:
            for name in layer.inputs:
                found[name].append(layer.name)
        return {name: tuple(users) for name, users in found.items()}

    @cached_property
    def positions(self) -> dict[str, int]:
        """The place of each layer in the running order."""
        return {layer.name: position for position, layer in enumerate(self.layers)}

    @property
    def params(self) -> int:
        """All parameters, each counted once."""
        return sum(layer.params for layer in self.layers)

    @property
    def macs(self) -> int:
        """All multiply-accumulates of convolutions and linear layers, per image."""
        return sum(layer.macs for layer in self.layers)
