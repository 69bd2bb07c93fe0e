"""A forward as a network: names, edges, outputs, what is unverified, failing forwards and devices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own habit
from torch.utils.checkpoint import checkpoint

from gnet_audit.errors import TargetError
from gnet_audit.live.calls import Call, Steps
from gnet_audit.live.ops import OPS
from gnet_audit.live.target import build
from gnet_audit.live.trace import trace
from gnet_audit.network import Activation, CodeOrigin, Dropout, Input, Mode, Network, Output, Unknown
from tests.live.running import Calls, active, layers, network, run


def _edges(found: Network) -> dict[str, tuple[str, ...]]:
    return {layer.name: layer.inputs for layer in found.layers}


# --- names and edges ------------------------------------------------------------------------------------------


class Branches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(4, 2, 1)
        self.two = nn.Sequential(nn.Conv2d(4, 3, 1), nn.ReLU())
        self.pool = nn.MaxPool2d(3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        last = self.two(self.pool(x))
        return torch.cat([F.relu(self.one(x)), self.pool(x), last], 1)


def test_edges_follow_the_values_and_not_the_order_of_calls() -> None:
    assert _edges(network(Branches())) == {
        "input": (),
        "pool": ("input",),
        "two.0": ("pool",),
        "two.1": ("two.0",),
        "one": ("input",),
        "relu": ("one",),
        "pool#2": ("input",),
        "cat": ("relu", "pool#2", "two.1"),
    }


def test_the_input_is_a_layer_of_its_own_and_a_module_of_that_name_another() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.input = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.input(x)  # type: ignore[no-any-return]

    found = network(Net(), (4,))
    assert (found.layers[0].name, found.layers[0].op, found.layers[0].shape) == ("input", Input(), (4,))
    assert _edges(found) == {"input": (), "input#2": ("input",)}


def test_in_place_ops_change_the_value_for_all_who_read_it_later() -> None:
    def forward(x: Tensor) -> Tensor:
        y = x + 1
        z = y * 2
        y.relu_()
        y += z
        return y * z

    found = network(Calls(forward))
    assert _edges(found) == {
        "input": (),
        "add": ("input",),
        "mul": ("add",),
        "relu": ("add",),
        "add#2": ("relu", "mul"),
        "mul#2": ("add#2", "mul"),
    }


def test_who_reads_a_value_before_an_inactive_dropout_does_not_read_the_dropout() -> None:
    def forward(x: Tensor) -> tuple[Tensor, Tensor]:
        features = x * 2
        return F.dropout(features, training=False), features.contiguous() + features

    found = network(Calls(forward))
    assert _edges(found)["add"] == ("contiguous", "mul")
    assert _edges(found)["dropout"] == _edges(found)["contiguous"] == ("mul",)


def test_a_repeated_module_is_a_layer_each_time_and_its_parameters_count_once() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.linear(self.linear(x))  # type: ignore[no-any-return]

    first, second = network(Twice(), (4,)).layers[1:]
    assert (first.name, second.name, second.inputs) == ("linear", "linear#2", ("linear",))
    assert (first.params, second.params) == (20, 0)
    assert (first.macs, second.macs) == (16, 16)
    assert first.weights == second.weights


def test_a_module_under_two_names_has_the_first() -> None:
    shared = nn.ReLU()
    found = network(nn.Sequential(nn.Linear(4, 4), shared, nn.Linear(4, 4), shared), (4,))
    assert [layer.name for layer in found.layers] == ["input", "0", "1", "2", "1#2"]


def test_functions_are_named_after_the_module_that_calls_them() -> None:
    class Inner(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return F.relu(F.relu(x) * 2)

    found = network(nn.Sequential(nn.Linear(4, 4), nn.Sequential(Inner())), (4,))
    assert [layer.name for layer in found.layers[2:]] == ["1.0.relu", "1.0.mul", "1.0.relu#2"]
    origin = found.layers[-1].origin
    assert isinstance(origin, CodeOrigin)
    assert (origin.module, origin.module_class) == ("1.0", "Inner")


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpoints_are_seen_through(*, reentrant: bool) -> None:
    class Again(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(4, 4, 1)

        def forward(self, x: Tensor) -> Tensor:
            return F.relu(checkpoint(self.conv, x, use_reentrant=reentrant))

    for mode in Mode:
        assert _edges(network(Again(), mode=mode)) == {"input": (), "conv": ("input",), "relu": ("conv",)}


def test_an_assignment_that_is_unknown_keeps_its_inputs() -> None:
    def forward(x: Tensor) -> Tensor:
        both = torch.zeros(x.shape[0], 8, 12, 10)
        both[:, ::2] = x * 2
        both[:, 1::2] = x * 3
        return both + 0

    mul, first, triple, second, last = layers(forward)
    assert (first.op, first.inputs) == (Unknown(function="setitem"), ("mul",))
    assert (second.op, set(second.inputs)) == (Unknown(function="setitem"), {first.name, triple.name})
    assert (mul.inputs, last.inputs) == (("input",), (second.name,))


# --- outputs --------------------------------------------------------------------------------------------------


def test_outputs_name_their_layers() -> None:
    found = network(Calls(lambda x: {"logits": x * 2, "aux": [x + 1, None], "epoch": 3, "same": x}))
    assert found.outputs == (
        Output(path="logits", layer="mul"),
        Output(path="aux[0]", layer="add"),
        Output(path="same", layer="input"),
    )


@pytest.mark.parametrize(("value", "got"), [(None, "None"), ("text", "a str without tensors"), ((), "a tuple without")])
def test_a_forward_that_returns_no_tensor_is_refused(value: object, got: str) -> None:
    with pytest.raises(TargetError, match=f"returns no tensor; expected logits; got {got}"):
        run(Calls(lambda _: value))


def test_an_output_that_does_not_come_from_the_input_is_unverified() -> None:
    found = network(Calls(lambda x: (x * 2, torch.zeros(2))))
    assert [output.path for output in found.outputs] == ["[0]"]
    assert ("[1]", "it is returned, but the trace cannot lead it back to the input") in [
        (entry.what, entry.why) for entry in found.unverified
    ]


# --- what is unverified ---------------------------------------------------------------------------------------


class Lazy(nn.Module):
    """Its layers are made, and filled, inside the first forward."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.LazyConv2d(8, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(5))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)  # type: ignore[no-any-return]


def test_the_first_values_of_a_lazy_layer_stop_no_gradient() -> None:
    assert network(Lazy, mode=Mode.TRAIN).unverified == ()


class Cut(nn.Module):
    """A weight that is used and never learns."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how
        self.conv = nn.Conv2d(4, 6, 1)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.conv.weight
        if self.how == "detached":
            weight = weight.detach() * 2
        elif self.how == "reckoned":
            with torch.no_grad():
                weight = weight / weight.norm()
        elif self.how == "looked at":
            with torch.no_grad():
                (weight * 2).sum()
            weight.detach()
        elif self.how == "clamped":
            with torch.no_grad():
                self.conv.weight.clamp_(-1, 1)
        if self.how == "data":
            x = x.detach()
        return F.conv2d(x, weight)


@pytest.mark.parametrize(
    ("how", "told"), [("detached", 1), ("reckoned", 1), ("data", 1), ("looked at", 0), ("clamped", 0), ("", 0)]
)
def test_a_gradient_that_stops_at_a_weight_is_told_if_the_weight_is_used(how: str, told: int) -> None:
    found = network(partial(Cut, how), mode=Mode.TRAIN)
    assert sum("no gradient passes" in entry.why for entry in found.unverified) == told
    assert not any("no gradient passes" in entry.why for entry in network(partial(Cut, how)).unverified)


def test_what_the_forward_never_comes_to_is_told_once_at_its_outermost() -> None:
    class Spare(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
            self.head = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4)))
            self.scale = nn.Parameter(torch.ones(4))

        def forward(self, x: Tensor) -> Tensor:
            return self.body[0](x)  # type: ignore[no-any-return]

    entries = network(Spare, (4,)).unverified
    assert [(entry.what, entry.why) for entry in entries] == [
        ("body.1", "defined but never called"),
        ("head", "defined but never called"),
        ("scale", "a parameter that the forward never uses"),
    ]
    assert entries[0].where is not None
    assert entries[0].where.file == "tests/live/test_trace.py"


def made_by(kind: str) -> nn.Module:
    return nn.Linear(4, 4) if kind == "linear" else nn.Identity()


class Spares(nn.Module):
    """Modules that a function of their own makes, one of which is called in each line, or none."""

    def __init__(self, *, called: bool) -> None:
        super().__init__()
        self.called = called
        self.one = made_by("linear")
        self.two = made_by("linear")
        self.many = nn.ModuleList([made_by("linear") for _ in range(3)])

    def forward(self, x: Tensor) -> Tensor:
        return self.many[0](self.one(x)) if self.called else x.relu()


@pytest.mark.parametrize("called", [True, False])
def test_what_is_never_called_stands_at_the_line_that_makes_nothing_that_is(called: bool) -> None:
    first = Spares.__init__.__code__.co_firstlineno + 3
    named = {"one": first, "two": first + 1, "many.1": first + 2, "many.2": first + 2, "many": first + 2}
    entries = network(partial(Spares, called=called), (4,)).unverified
    assert [entry.what for entry in entries] == (["two", "many.1", "many.2"] if called else ["one", "two", "many"])
    assert [entry.where.line if entry.where else 0 for entry in entries] == [named[entry.what] for entry in entries]


def test_a_module_whose_parameters_are_used_by_others_is_used() -> None:
    class Borrowed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            return F.linear(x, self.linear.weight, self.linear.bias)

    found = network(Borrowed, (4,))
    assert found.unverified == ()
    origin = found.layers[1].origin
    assert isinstance(origin, CodeOrigin)
    assert "3" in origin.constructed[0].literals


def test_an_unknown_op_is_named_with_its_line() -> None:
    (entry,) = [e for e in network(Calls(lambda x: torch.cumsum(x, 1))).unverified if e.what == "cumsum"]
    assert entry.why == "unknown op cumsum"
    assert entry.where is not None
    assert entry.where.file == "tests/live/test_trace.py"


# --- failing forwards -----------------------------------------------------------------------------------------


class Fails(nn.Module):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.linear, self.error = nn.Linear(4, 4), error

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.linear(x))
        raise self.error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("so\n  it is"), "ValueError: so it is ("),
        (KeyError(), "KeyError ("),
        (SystemExit(3), "SystemExit: 3 ("),
    ],
)
def test_a_forward_that_raises_gives_what_ran_before_and_the_line(error: BaseException, text: str) -> None:
    traced = run(Fails(error), (4,))
    assert traced.error.startswith(text + "tests/live/test_trace.py:")
    assert traced.error_location is not None
    assert (traced.error_location.file, traced.error_location.line) == (
        "tests/live/test_trace.py",
        Fails.forward.__code__.co_firstlineno + 2,
    )
    assert [layer.name for layer in traced.network.layers] == ["input", "linear", "relu"]
    assert traced.network.outputs == ()
    assert traced.network.unverified == ()


def test_torch_explains_a_wrong_number_of_channels_as_it_does_with_real_images() -> None:
    traced = run(nn.Sequential(nn.Conv2d(3, 64, 7)), (1, 64, 64))
    with pytest.raises(RuntimeError) as real:
        nn.Conv2d(3, 64, 7)(torch.zeros(2, 1, 64, 64))
    assert traced.error.startswith(f"RuntimeError: {real.value}")


def test_torch_explains_wrong_features_and_small_maps_as_well() -> None:
    flat = run(nn.Sequential(nn.Flatten(), nn.Linear(100, 3)), (4, 4, 4))
    assert "mat1 and mat2 shapes cannot be multiplied (2x64 and 100x3)" in flat.error
    small = run(nn.Sequential(nn.Conv2d(4, 4, 1), nn.AvgPool2d(7)), (4, 4, 4))
    assert small.error.startswith("RuntimeError: ")
    assert "Output size is too small" in small.error


def test_a_forward_that_wants_more_than_an_image_says_so_at_its_own_line() -> None:
    class Two(Fails):
        def forward(self, x: Tensor, mask: Tensor) -> Tensor:  # type: ignore[override]
            return self.linear(x) * mask  # type: ignore[no-any-return]

    traced = run(Two(ValueError()), (4,))
    assert "missing 1 required positional argument: 'mask'" in traced.error
    assert traced.error_location is not None
    assert traced.error_location.line == Two.forward.__code__.co_firstlineno


def test_an_eval_that_raises_is_noted_and_the_forward_still_traced() -> None:
    class Stubborn(nn.Sequential):
        def train(self, mode: bool = True) -> Stubborn:  # noqa: ARG002, FBT002
            raise TypeError("no modes here")

    model = Stubborn(nn.Linear(4, 4), nn.Dropout(0.2))
    found = network(model, (4,))
    assert not active(found.layers[-1])
    assert [entry.what for entry in found.unverified] == ["eval()"]
    assert "TypeError: no modes here" in found.unverified[0].why


def test_a_train_that_keeps_a_part_in_eval_is_respected() -> None:
    class Frozen(nn.Sequential):
        def train(self, mode: bool = True) -> Frozen:  # noqa: FBT002
            super().train(mode)
            self[1].eval()
            return self

    found = network(Frozen(nn.Linear(4, 4), nn.Dropout(0.2), nn.Dropout(0.3)), (4,), Mode.TRAIN)
    assert [active(layer) for layer in found.layers[2:]] == [False, True]


class Inner(nn.Module):
    """Dropout in a part of a model, for those that have their own idea of modes."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.2)

    def forward(self, x: Tensor) -> Tensor:
        return self.drop(x)  # type: ignore[no-any-return]


class OwnTrain(Inner):
    def train(self, mode: bool = True) -> OwnTrain:  # noqa: ARG002, FBT002
        return super().train(False)  # noqa: FBT003


class OwnChildren(Inner):
    def children(self) -> Iterator[nn.Module]:
        return iter(())


class OwnAttributes(Inner):
    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, False if name == "training" else value)  # type: ignore[arg-type]
        if name == "training" and "drop" in self._modules:
            self.drop.p = 0.5


class OwnFlag(Inner):
    @property
    def training(self) -> bool:
        return False

    @training.setter
    def training(self, _mode: bool) -> None:
        if "drop" in vars(self).get("_modules", ()):
            self.drop.p = 0.5


def _own_instance() -> Inner:
    inner = Inner()
    inner.train = lambda mode=True: inner  # type: ignore[method-assign]  # noqa: ARG005
    return inner


def _itself() -> Inner:
    inner = Inner()
    inner.drop.again = inner
    return inner


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (Inner, Dropout(rate=0.2)),
        (OwnTrain, Dropout(rate=0.2, active=False)),
        (OwnChildren, Dropout(rate=0.2, active=False)),
        (OwnAttributes, Dropout(rate=0.5)),
        (OwnFlag, Dropout(rate=0.5)),
        (_own_instance, Dropout(rate=0.2, active=False)),
    ],
)
def test_a_part_that_has_a_hand_in_its_mode_is_asked(make: Callable[[], Inner], found: Dropout) -> None:
    part = make().eval()
    part.drop.training, part.drop.p = False, 0.2
    assert network(nn.Sequential(nn.Linear(4, 4), part), (4,), Mode.TRAIN).layers[-1].op == found


def test_a_part_that_stands_in_itself_has_no_end_of_train() -> None:
    found = network(nn.Sequential(nn.Linear(4, 4), _itself()), (4,), Mode.TRAIN)
    assert [(entry.what, entry.why.partition(":")[0]) for entry in found.unverified][:1] == [("train()", "it raises")]


# --- devices and batches --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "forward",
    [
        lambda x: x if x.sum() > -1e9 else -x,
        lambda x: x * float(x.max().item() > -1e9),
        lambda x: x + (0 if x.detach().numpy().size else 1),
        lambda x: x * len(x.tolist()),
        lambda x: x[x > 0],
    ],
)
def test_a_forward_that_needs_numbers_runs_on_the_cpu(forward: Callable[[Tensor], object]) -> None:
    traced = run(Calls(forward))
    assert (traced.error, traced.device) == ("", "cpu")
    assert [output.path for output in traced.network.outputs] == ["output"]


def test_a_model_on_meta_is_built_again_for_a_forward_that_needs_numbers() -> None:
    class Positive(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 4)
            nn.init.ones_(self.linear.weight)

        def forward(self, x: Tensor) -> Tensor:
            assert self.linear.weight.sum().item() == 16
            return self.linear(x)  # type: ignore[no-any-return]

    made = build(Positive)
    assert made.module.linear.weight.is_meta  # type: ignore[union-attr]
    for mode in Mode:
        traced = trace(made, mode, (4,))
        assert (traced.error, traced.device) == ("", "cpu")
        assert traced.network.layers[1].weights[0].name == "linear.weight"


def test_moves_to_a_device_that_is_not_here_are_ignored() -> None:
    def forward(x: Tensor) -> Tensor:
        x = x.to("cuda", torch.float32).cuda(0).to(device="cuda:1")
        return F.relu(x + torch.zeros(1, device="cuda"))

    traced = run(Calls(forward))
    assert (traced.error, traced.device) == ("", "meta")
    assert traced.network.layers[-1].op == Activation(function="relu")


BATCHES: list[int] = []
"""Global, since what a closure holds is copied with the model."""


def test_two_images_run_at_once_and_one_where_the_model_takes_no_more() -> None:
    def counted(x: Tensor) -> Tensor:
        BATCHES.append(len(x))
        return x * 2

    BATCHES.clear()
    run(Calls(counted))
    assert BATCHES == [2]
    traced = run(Calls(lambda x: x.view(1, 480) * 2))
    assert traced.error == ""
    assert traced.network.layers[-1].shape == (480,)
    assert traced.network.unverified[-1].what == "more than one image at a time"


def test_a_batch_that_was_asked_for_is_kept() -> None:
    def counted(x: Tensor) -> Tensor:
        BATCHES.append(len(x))
        return x * 2

    BATCHES.clear()
    model = Calls(counted)
    run(model, batch=5)
    run(model, batch=1)
    run(model, mode=Mode.TRAIN, batch=1)
    assert BATCHES == [5, 1, 2]


def test_the_input_has_the_type_of_the_parameters() -> None:
    for kind in (torch.float64, torch.float16, torch.bfloat16):
        traced = run(nn.Sequential(nn.Linear(4, 4)).to(kind), (4,))
        assert (traced.error, traced.device) == ("", "meta")


def test_what_a_forward_prints_and_warns_of_stays_off_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    def forward(x: Tensor) -> Tensor:
        import warnings

        print("hello")
        warnings.warn("careful", stacklevel=1)
        return x * 2

    assert run(Calls(forward)).error == ""
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "hello\n")


def test_a_model_of_grey_images_is_told_how_to_get_them() -> None:
    grey = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(5, 4, 3))
    assert run(grey, shape=(3, 8, 8)).error.endswith("; give it such images by --input 1x8x8")
    # no other image helps where a later layer expects what an earlier one does not give
    assert "--input" not in run(grey, shape=(1, 8, 8)).error


def test_what_we_cannot_read_of_a_call_is_an_unknown_op_and_no_fault_of_the_forward(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(call: Call) -> Steps:
        raise LookupError(call.name)

    monkeypatch.setitem(OPS, "flatten", broken)
    found = network(Calls(lambda x: x.flatten(1)))
    assert found.layers[-1].op == Unknown(function="flatten")
    assert [note.why for note in found.unverified if note.what == "flatten"] == ["unknown op flatten"]
