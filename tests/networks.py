"""Small networks written as text, one layer a line, for tests of everything between the spec and the trace.

`NAME: OP [OPTIONS] [< INPUT …]`; without `<` a layer reads the line before. Ops: `conv KERNEL OUT`, `maxpool KERNEL`,
`avgpool KERNEL`, `adaptive avg|max SIZE`, `linear OUT`, `dropout RATE`, `lrn`, `concat`, `add`, `slice START STOP`,
`pad N`, `mean`, `flatten`, `identity`, `bn`, `softmax`, any activation by its name, `unknown NAME`. Options: `/STRIDE`,
`pPADDING`, `dDILATION`, `gGROUPS`, `nobias`, `transposed`, `ceil`, `off`.
"""

from __future__ import annotations

from gnet_audit import derive
from gnet_audit.network import (
    LRN,
    Activation,
    AdaptivePool2d,
    Add,
    BatchNorm,
    Concat,
    Conv2d,
    Dropout,
    Flatten,
    Identity,
    Input,
    Layer,
    Linear,
    Mean,
    Mode,
    Network,
    Op,
    Output,
    Pad,
    Padding,
    Pool2d,
    PoolKind,
    Shape,
    Slice,
    Softmax,
    Unknown,
)


def network(text: str, *, input_shape: Shape = (3, 32, 32), mode: Mode = Mode.EVAL, outputs: str = "") -> Network:
    """The network of a text; its outputs are the layers named, else the last one."""
    layers = [Layer(name="input", op=Input(), shape=input_shape)]
    for line in filter(None, map(str.strip, text.strip().splitlines())):
        name, _, rest = line.partition(":")
        words, _, sources = rest.partition("<")
        inputs = tuple(sources.split()) or (layers[-1].name,)
        layers.append(Layer(name=name.strip(), op=op(words), inputs=inputs))
    ends = outputs.split() or [layers[-1].name]
    return Network(
        name="test",
        mode=mode,
        layers=derive.infer(layers, input_shape),
        outputs=tuple(Output(path=f"[{index}]", layer=end) for index, end in enumerate(ends)),
    )


def op(text: str) -> Op:
    """One op from its words."""
    kind, *words = text.split()
    options = {word[0]: word[1:] for word in words if word[0] in "/pdg" and word[1:].isdigit()}
    flags = {"nobias", "transposed", "ceil", "off", *(f"{letter}{number}" for letter, number in options.items())}
    values = [word for word in words if word not in flags]
    stride, pad, dilation = (int(options.get(key, default)) for key, default in (("/", "1"), ("p", "0"), ("d", "1")))
    padding: Padding = (pad, pad, pad, pad)
    match kind, values:
        case "conv", [kernel, out]:
            size = (int(kernel), int(kernel))
            return Conv2d(
                out_channels=int(out),
                kernel=size,
                stride=(stride, stride),
                padding=padding,
                dilation=(dilation, dilation),
                groups=int(options.get("g", "1")),
                bias="nobias" not in words,
                transposed="transposed" in words,
            )
        case (("maxpool" | "avgpool"), [kernel]):
            size = (int(kernel), int(kernel))
            return Pool2d(
                kind=PoolKind(kind[:3]),
                kernel=size,
                stride=(stride, stride),
                padding=padding,
                dilation=(dilation, dilation),
                ceil_mode="ceil" in words,
            )
        case "adaptive", [which, size_text]:
            return AdaptivePool2d(kind=PoolKind(which), output_size=(int(size_text), int(size_text)))
        case "linear", [out]:
            return Linear(out_features=int(out), bias="nobias" not in words)
        case "dropout", [rate]:
            return Dropout(rate=float(rate), active="off" not in words)
        case "slice", [start, stop]:
            return Slice(axis=0, start=int(start), stop=int(stop))
        case "pad", [amount]:
            around = int(amount)
            return Pad(padding=(around, around, around, around))
        case "unknown", [name]:
            return Unknown(function=name)
        case _:
            return _PLAIN[kind] if kind in _PLAIN else Activation(function=kind)


_PLAIN: dict[str, Op] = {
    "lrn": LRN(size=5, alpha=1e-4, beta=0.75, k=1.0),
    "concat": Concat(),
    "add": Add(),
    "mean": Mean(axes=(1, 2)),
    "flatten": Flatten(),
    "identity": Identity(),
    "bn": BatchNorm(),
    "softmax": Softmax(),
}
