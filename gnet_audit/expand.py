"""A spec as the network that it expects, at any input size."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from gnet_audit import derive
from gnet_audit.errors import ShapeError
from gnet_audit.garbage import uncollected
from gnet_audit.network import (
    BatchNorm,
    Dropout,
    Input,
    Layer,
    Mode,
    Network,
    Op,
    Output,
    Pool2d,
    Shape,
    SpecOrigin,
    Unverified,
)
from gnet_audit.notation import op_text, shape_text
from gnet_audit.spec import FLAGS, Head, Row, Spec, Step


@uncollected()
def network(spec: Spec, mode: Mode, input_shape: Shape | None = None) -> Network:
    """The network that a spec expects in a mode; ShapeError where its main path does not fit the input size.

    A head that does not fit goes on without shapes, and the network says so.
    """
    grown = _Growth(spec=spec, mode=mode, size=input_shape or spec.input_shape)
    last = grown.enter()
    for row in spec.rows:
        last = grown.row(row, last)
    outputs = [Output(path="logits", layer=last)]
    heads = [head for head in spec.heads if mode is Mode.TRAIN or not head.train_only]
    outputs += [Output(path=head.id, layer=grown.head(head)) for head in heads]
    layers, unverified = tuple(grown.layers.values()), tuple(grown.unverified)
    return Network(name=spec.id, mode=mode, layers=layers, outputs=tuple(outputs), unverified=unverified)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Growth:
    """A network while its layers are put one behind the other."""

    spec: Spec
    mode: Mode
    size: Shape
    layers: dict[str, Layer] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    """The last layer of each row and of each slot: what a head reads."""
    unverified: list[Unverified] = field(default_factory=list)

    def enter(self) -> str:
        """The layer through which images come in."""
        origin = SpecOrigin(row="input", title="input", source=self.spec.input_source)
        self.layers["input"] = Layer(name="input", op=Input(), shape=self.size, origin=origin)
        return "input"

    def row(self, row: Row, entry: str) -> str:
        """A row's layers behind another layer; the name of its last one."""
        ends: list[str] = []
        for branch in row.branches:
            last = entry
            for step in branch:
                last = self._step(row, step, (last,))
            ends.append(last)
        self.ends[row.id] = self._step(row, row.merge, tuple(ends)) if row.merge else ends[0]
        return self.ends[row.id]

    def head(self, head: Head) -> str:
        """A head's layers behind its tap; what does not fit is told."""
        return self.row(head.row, self.ends[head.tap])

    def _step(self, row: Row, step: Step, inputs: tuple[str, ...]) -> str:
        """A layer and what directly follows it; the name of the last one."""
        self._put(row, step.slot, self._sized(step, inputs), inputs, _origin(row, step))
        last = step.slot
        for part, op in step.after:
            name = f"{step.slot}.{part}"
            source = dict(step.facts)["batch_norm" if isinstance(op, BatchNorm) else "activation"].source
            self._put(row, name, op, (last,), SpecOrigin(row=row.id, title=row.title, source=source))
            last = name
        self.ends[step.slot] = last
        return last

    def _sized(self, step: Step, inputs: tuple[str, ...]) -> Op:
        """The op at this input size: a pooling that the spec calls global follows its map."""
        before = self.layers[inputs[0]].shape
        if step.has("global") and isinstance(step.op, Pool2d) and self.size != self.spec.input_shape and before:
            _, height, width = before
            return replace(step.op, kernel=(height, width))
        return step.op

    def _put(self, row: Row, name: str, op: Op, inputs: tuple[str, ...], origin: SpecOrigin) -> None:
        op = self._in_mode(op)
        shape, params, macs = self._derived(row, name, op, [self.layers[source].shape for source in inputs])
        self.layers[name] = Layer(name=name, op=op, inputs=inputs, shape=shape, params=params, macs=macs, origin=origin)

    def _derived(self, row: Row, name: str, op: Op, before: list[Shape | None]) -> tuple[Shape | None, int, int]:
        """Shape, parameters and work of an op, as far as they can be known."""
        shapes = tuple(shape for shape in before if shape is not None)
        if len(shapes) < len(before):
            return None, 0, 0
        try:
            shape = derive.output_shape(op, shapes)
        except ShapeError as error:
            what = f"{error.what} at input {shape_text(self.size)}"
            if row in self.spec.rows:
                raise ShapeError(what, where=f"{name} ({op_text(op)})", got=error.got) from error
            self.unverified.append(Unverified(what=f"shapes from {name} on", why=f"{what}, {error.got}"))
            return None, 0, 0
        return shape, derive.parameters(op, shapes), derive.multiply_accumulates(op, shapes, shape)

    def _in_mode(self, op: Op) -> Op:
        match op:
            case Dropout():
                return replace(op, active=self.mode is Mode.TRAIN)
            case BatchNorm():
                return replace(op, batch_statistics=self.mode is Mode.TRAIN)
            case _:
                return op


def _origin(row: Row, step: Step) -> SpecOrigin:
    """Where a layer stands; flags that are set and attributes with a source of their own are named."""
    attributes = tuple(
        (name, fact.source)
        for name, fact in step.facts
        if (step.has(name) if name in FLAGS else fact.source != row.source)
    )
    printed = row.output_of(step)
    return SpecOrigin(
        row=row.id,
        title=row.title,
        source=row.source,
        attributes=attributes,
        printed=(("output", printed),) if printed else (),
    )
