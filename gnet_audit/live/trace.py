"""One forward of the user's model as a network: on meta, without weights, and without touching the model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor, nn

from gnet_audit.errors import TargetError, said
from gnet_audit.garbage import uncollected
from gnet_audit.live.calls import Entry
from gnet_audit.live.lines import Locations, Place, raised, shown
from gnet_audit.live.outputs import tensors_in
from gnet_audit.live.raising import readable, within_limits
from gnet_audit.live.record import Recorder
from gnet_audit.live.surroundings import turn, undisturbed
from gnet_audit.live.target import Build
from gnet_audit.live.twin import Twin
from gnet_audit.network import (
    UNCALLED,
    CodeOrigin,
    Flatten,
    Identity,
    Layer,
    Location,
    Mode,
    Network,
    Output,
    Shape,
    Unknown,
    Unverified,
)

SWITCHES = {Mode.EVAL: "eval()", Mode.TRAIN: "train()"}
"""What puts a model into a mode; where it raises its flags are set for it, which its user cannot: not checked."""

UNUSED = "a parameter that the forward never uses"
"""Why a parameter was not checked; like that of a module that nothing calls it holds only if it does in both modes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """The network that a forward ran through, up to where it raised if it did."""

    network: Network
    error: str = ""
    """What the forward raised, and where."""
    error_location: Location | None = None
    device: str = "meta"


def trace(build: Build, mode: Mode, input_shape: Shape, batch: int | None = None) -> Traced:
    """Run the model once in a mode and give the network that it is; the model stays as it was.

    Without a batch two images run at once, so that a view that mixes images is seen; where the model takes only
    single ones, one.
    """
    if mode is Mode.TRAIN and batch == 1:
        batch = None
    with turn, uncollected():
        traced = _on_some_device(build, mode, (batch or 2, *input_shape))
        if not traced.error or batch is not None:
            return traced
        single = _on_some_device(build, mode, (1, *input_shape))
    if single.error:
        return traced
    note = Unverified(what="more than one image at a time", why=f"the forward raises: {traced.error}")
    return _with(single, note)


def _with(traced: Traced, note: Unverified) -> Traced:
    network = traced.network
    noted = Network(
        name=network.name,
        mode=network.mode,
        layers=network.layers,
        outputs=network.outputs,
        unverified=(*network.unverified, note),
    )
    return Traced(network=noted, device=traced.device)


def _on_some_device(build: Build, mode: Mode, shape: Shape) -> Traced:
    """On meta, and with real numbers where the forward needs some."""
    if not build.needs_data:
        traced, error = _on(build, build.twin("meta"), mode, shape)
        if error is None or not _wants_data(error):
            return traced
    traced, _ = _on(build, build.twin("cpu"), mode, shape)
    return traced


def _wants_data(error: BaseException) -> bool:
    """Whether a forward may only have failed because tensors on meta hold no numbers."""
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, NotImplementedError) or "meta" in said(chain).lower():
            return True
        chain = chain.__cause__ or chain.__context__
    return False


def _on(build: Build, twin: Twin, mode: Mode, shape: Shape) -> tuple[Traced, BaseException | None]:
    image = _image(twin, shape)
    recorder = Recorder(twin, image, _forward.__code__)
    recorder.asks_gradients = mode is Mode.TRAIN
    returned: object = None
    error: BaseException | None = None
    notes: list[Unverified] = []
    with undisturbed(), _modes(twin, mode, notes), build.importable():
        try:
            returned = _forward(recorder, twin.module, image, mode)
        except (TargetError, KeyboardInterrupt):
            raise
        except BaseException as problem:  # noqa: BLE001 - it is the user's code that raises
            within_limits(problem, build.text)
            error = problem
        with readable(build.text):
            tensors = list(tensors_in(returned))
    outputs = () if error is not None else _outputs(build, recorder, returned, tensors, notes)
    network = Network(
        name=build.text,
        mode=mode,
        layers=tuple(_layers(_recorded(recorder), build)),
        outputs=outputs,
        unverified=(*notes, *_unverified(build, recorder, complete=error is None)),
    )
    if error is None:
        return Traced(network=network, device=twin.device.type), None
    text, location = _told(error, twin.module)
    text += _other_channels(error, network, shape[1:])
    return Traced(network=network, error=text, error_location=location, device=twin.device.type), error


def _forward(recorder: Recorder, module: nn.Module, image: Tensor, mode: Mode) -> object:
    with torch.set_grad_enabled(mode is Mode.TRAIN), recorder.following(), recorder:
        return module(image)


def _image(twin: Twin, shape: Shape) -> Tensor:
    dtype = next((p.dtype for p in twin.module.parameters() if p.is_floating_point()), torch.get_default_dtype())
    if twin.device.type == "meta":
        return torch.empty(shape, dtype=dtype, device="meta")
    return torch.empty(shape, device="cpu").normal_(generator=torch.Generator("cpu").manual_seed(0)).to(dtype)


@contextmanager
def running(build: Build, twin: Twin, mode: Mode) -> Iterator[None]:
    """Have a twin in a mode, and what its code imports where it was."""
    with _modes(twin, mode, []), build.importable():
        yield


@contextmanager
def _modes(twin: Twin, mode: Mode, notes: list[Unverified]) -> Iterator[None]:
    """Set the twin's mode as its user would; while it runs, code that reaches the original finds the twin's state."""
    training = mode is Mode.TRAIN
    try:
        twin.module.train() if training else twin.module.eval()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - it is the user's code that raises
        for part in twin.module.modules():
            part.__dict__["training"] = training
        notes.append(Unverified(what=SWITCHES[mode], why=f"it raises: {_told(error, twin.module)[0]}"))
    pairs = [(old, new) for old, new in twin.pairs if not isinstance(old, torch.jit.ScriptModule)]
    before = [(old, old.__dict__, old.__dict__.get("training")) for old, _ in pairs]
    try:
        for old, new in pairs:
            if type(old) is type(new):
                # A hook that closes over its model writes where the forward of the copy reads.
                object.__setattr__(old, "__dict__", new.__dict__)
            else:
                old.__dict__["training"] = new.training
        yield
    finally:
        for old, attributes, flag in before:
            object.__setattr__(old, "__dict__", attributes)
            if flag is None:  # a compiled part asks the module inside it
                attributes.pop("training", None)
            else:
                attributes["training"] = flag


_CHANNELS = re.compile(r"to have (\d+) channels, but got (\d+) channels")


def _other_channels(error: BaseException, ran: Network, shape: Shape) -> str:
    """How to give a model images of the channels that its first convolution asks for."""
    asked = _CHANNELS.search(said(error))
    if asked is None or asked[2] != str(shape[0]) or any(layer.weights for layer in ran.layers):
        return ""
    return f"; give it such images by --input {'x'.join((asked[1], *map(str, shape[1:])))}"


def _told(error: BaseException, module: nn.Module) -> tuple[str, Location | None]:
    place = raised(error)
    if place is None:
        code = getattr(type(module).forward, "__code__", None)
        place = None if code is None else (code.co_filename, code.co_firstlineno)
    told = said(error)
    if place is None:
        return told, None
    location = Location(file=shown(place[0]), line=place[1])
    return f"{told} ({location.file}:{location.line})", location


# --- the network ----------------------------------------------------------------------------------------------


def _recorded(recorder: Recorder) -> Iterator[Entry]:
    """All layers but those that stood for a tensor before more of it was written, and that nobody read."""
    return (entry for entry in recorder.entries if entry.name not in recorder.writes.passed)


def _layers(entries: Iterable[Entry], build: Build) -> Iterator[Layer]:
    """The recorded layers; what stood idle before a change of shape alone stood so before its readers."""
    reshaped: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        idle = (*(name for source in entry.inputs for name in reshaped.get(source, ())), *entry.idle)
        if idle and isinstance(entry.op, Flatten | Identity):
            reshaped[entry.name] = idle
        yield _layer(entry, build, build.locations, idle)


def _layer(entry: Entry, build: Build, locations: Locations, idle: Iterable[str]) -> Layer:
    if entry.name == "input":
        return Layer(name=entry.name, op=entry.op, shape=entry.shape, origin=CodeOrigin())
    calls = locations.each(entry.calls)
    constructed = locations.each(build.constructed.get(entry.owner, ()))
    if not entry.leaf and calls:
        # A function has no line of construction: its call is where its numbers are, before its module's.
        constructed = (calls[0], *constructed)
    return Layer(
        name=entry.name,
        op=entry.op,
        inputs=entry.inputs,
        shape=entry.shape,
        params=entry.params,
        macs=entry.macs,
        weights=entry.weights,
        origin=CodeOrigin(
            module=entry.module,
            module_class=entry.module_class,
            calls=calls,
            constructed=constructed,
            written=locations.written(build.held.get(entry.owner, ())),
            idle=tuple(locations.each(build.constructed.get(name, ())) for name in idle),
        ),
    )


def _outputs(
    build: Build,
    recorder: Recorder,
    returned: object,
    tensors: list[tuple[str, Tensor]],
    notes: list[Unverified],
) -> tuple[Output, ...]:
    if not tensors:
        got = "None" if returned is None else f"a {type(returned).__name__} without tensors"
        raise TargetError("the forward returns no tensor", where=build.text, expected="logits", got=got)
    found = [(path, recorder.layer_of(tensor)) for path, tensor in tensors]
    lost = "it is returned, but the trace cannot lead it back to the input"
    notes.extend(Unverified(what=path, why=lost) for path, layer in found if layer is None)
    return tuple(Output(path=path, layer=layer) for path, layer in found if layer is not None)


def _unverified(build: Build, recorder: Recorder, *, complete: bool) -> Iterator[Unverified]:
    locations = build.locations
    for entry in _recorded(recorder):
        if isinstance(entry.op, Unknown):
            yield Unverified(
                what=entry.name, why=f"unknown op {entry.op.function}", where=locations.at(_first(entry.calls))
            )
    for name, function, place in recorder.strangers:
        why = f"{function} reads a tensor that is neither input nor parameter"
        yield Unverified(what=name, why=why, where=locations.at(place))
    for name, place in recorder.cut[:1]:
        more = f", and {len(recorder.cut) - 1} more calls" if len(recorder.cut) > 1 else ""
        why = f"no gradient passes here in training (detach, data or no_grad{more}): how it learns is not checked"
        yield Unverified(what=name, why=why, where=locations.at(place))
    if complete:
        yield from _unused(build, recorder)


def _unused(build: Build, recorder: Recorder) -> Iterator[Unverified]:
    """Modules and parameters that this forward never came to, the outermost only."""
    twin = recorder.twin
    used = {root.name for key, root in twin.roots.items() if key in recorder.used}
    alive = {""}
    for name in (*recorder.called, *(name.rpartition(".")[0] for name in used)):
        while name not in alive:
            alive.add(name)
            name = name.rpartition(".")[0]  # noqa: PLW2901 - and whatever it stands in
    reported: set[str] = set()
    sharing = Counter(_key(place) for name in alive for place in build.constructed.get(name, ()))
    for name in twin.paths:
        if name in alive or not reported.isdisjoint(accumulate(name.split("."), "{}.{}".format)):
            continue
        reported.add(name)
        # Of the lines that made it the outermost that made none or the fewest of those that are called.
        outermost_first = reversed(build.constructed.get(name, ()))
        line = min(outermost_first, key=lambda place: sharing[_key(place)], default=None)
        yield Unverified(what=name, why=UNCALLED, where=build.locations.at(line))
    for root in twin.roots.values():
        owner = root.name.rpartition(".")[0]
        if root.parameters and root.name not in used and owner in alive:
            yield Unverified(what=root.name, why=UNUSED)


def _key(place: Place) -> tuple[int, int]:
    code, offset = place
    return id(code), offset


def _first(lines: tuple[Place, ...]) -> Place | None:
    return lines[0] if lines else None
