"""Networks with known faults, without torch: the paper's own network is the reference here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

from gnet_audit import expand, spec
from gnet_audit.errors import ShapeError
from gnet_audit.mutants import Mutant, mutants, mutated, resized, weighted
from gnet_audit.mutants.windows import same_conv, same_pool
from gnet_audit.network import AdaptivePool2d, BatchNorm, Conv2d, Layer, Mode, Network, Pool2d, PoolKind, Softmax
from gnet_audit.selftest import anonymous
from tests.networks import network


def without_softmax(paper: Network) -> Network:
    """The paper's network as a model gives it: the loss has the softmax."""
    gone = next(layer for layer in paper.layers if isinstance(layer.op, Softmax))
    layers = tuple(layer for layer in paper.layers if layer is not gone)
    outputs = tuple(
        type(out)(path=out.path, layer=gone.inputs[0] if out.layer == gone.name else out.layer) for out in paper.outputs
    )
    return Network(name=paper.name, mode=paper.mode, layers=layers, outputs=outputs)


REFERENCE: Mapping[Mode, Network] = {
    mode: weighted(without_softmax(expand.network(spec.load("googlenet"), mode))) for mode in Mode
}
SLOTS = {layer.name: layer.name for layer in REFERENCE[Mode.TRAIN].layers}
MUTANTS = {one.id: one for one in mutants(REFERENCE[Mode.TRAIN], SLOTS)}
CONVS = 3 + 9 * 6 + 2
POOLS = 4 + 9 + 1 + 2


def of(family: str) -> list[Mutant]:
    return [one for one in MUTANTS.values() if one.family == family]


def test_there_are_at_least_five_hundred_and_no_name_twice() -> None:
    listed = list(mutants(REFERENCE[Mode.TRAIN], SLOTS))
    assert len(listed) == len(MUTANTS)
    assert sum(not one.equal for one in listed) >= 500


def test_they_are_the_same_every_time() -> None:
    assert list(mutants(REFERENCE[Mode.TRAIN], SLOTS)) == list(MUTANTS.values())


def test_every_attribute_is_wrong_once_at_every_place() -> None:
    slots = Counter((one.family, one.id.partition(":")[0]) for one in MUTANTS.values())
    families = Counter(family for family, _ in slots)
    assert families["bias"] == CONVS + 1 + 2 * 2
    assert families["padding mode"] == CONVS
    assert families["dilation"] == CONVS + POOLS - 3
    assert families["pool kind"] == families["ceil mode"] == families["count_include_pad"] == POOLS
    assert families["activation missing"] == CONVS + 2
    assert families["LRN constants"] == 2
    assert families["concat order"] == 9


def test_each_says_what_is_wrong_with_it() -> None:
    assert all(one.truths for one in MUTANTS.values())
    wrong = MUTANTS["inception_4b.3x3: no bias"]
    assert [(one.rules, one.attributes, one.slots) for one in wrong.truths] == [
        (("GA207",), ("bias",), ("inception_4b.3x3",))
    ]


def test_a_mutant_is_changed_where_it_says_and_nowhere_else() -> None:
    reference = REFERENCE[Mode.EVAL]
    changed = mutated(reference, MUTANTS["conv2: no bias"])
    ops = {layer.name: layer.op for layer in reference.layers}
    assert [layer.name for layer in changed.layers if layer.op != ops[layer.name]] == ["conv2"]


def test_a_map_of_another_size_is_averaged_whole() -> None:
    changed = mutated(REFERENCE[Mode.EVAL], MUTANTS["pool4: stride 3"])
    assert changed.by_name["avgpool"].op == AdaptivePool2d(kind=PoolKind.AVG, output_size=(1, 1))
    assert changed.by_name["linear"].params == 1024 * 1000 + 1000


def test_a_network_that_cannot_run_is_an_error() -> None:
    with pytest.raises(ShapeError):
        mutated(REFERENCE[Mode.EVAL], MUTANTS["inception_3a.1x1: stride 2"])


def test_a_head_in_eval_is_there_in_eval_only() -> None:
    mutant = MUTANTS["aux1: runs in eval"]
    assert len(mutated(REFERENCE[Mode.EVAL], mutant).outputs) == 2
    assert len(mutated(REFERENCE[Mode.TRAIN], mutant).outputs) == 3


def test_batch_norm_uses_the_batch_in_training_only() -> None:
    mutant = MUTANTS["conv1: batch norm"]
    for mode in Mode:
        (norm,) = (layer.op for layer in mutated(REFERENCE[mode], mutant).layers if isinstance(layer.op, BatchNorm))
        assert isinstance(norm, BatchNorm)
        assert norm.batch_statistics == (mode is Mode.TRAIN)


def test_shared_weights_have_one_name() -> None:
    changed = mutated(REFERENCE[Mode.TRAIN], MUTANTS["aux2.fc1: with those of aux1.fc1"])
    names = [changed.by_name[name].weights[0].name for name in ("aux1.fc1", "aux2.fc1")]
    assert names[0] == names[1]


def test_at_another_size_the_global_average_follows() -> None:
    small = resized(REFERENCE[Mode.EVAL], (3, 128, 128))
    op = small.by_name["avgpool"].op
    assert isinstance(op, Pool2d)
    assert op.kernel == (4, 4)
    assert small.by_name["linear"].shape == (1000,)


def pool(**fields: object) -> Pool2d:
    values: dict[str, object] = {"kind": PoolKind.MAX, "kernel": (3, 3), "stride": (2, 2), **fields}
    return Pool2d(**values)  # type: ignore[arg-type]


def test_rounding_up_matters_only_where_something_is_left_over() -> None:
    up = pool(ceil_mode=True)
    assert same_pool(pool(), up, (1, 7, 7))
    assert not same_pool(pool(), up, (1, 8, 8))


def test_a_maximum_is_never_an_average() -> None:
    assert not same_pool(pool(kernel=(1, 1)), pool(kernel=(1, 1), kind=PoolKind.AVG), (1, 4, 4))


def test_a_1x1_kernel_cannot_be_spread() -> None:
    one = Conv2d(out_channels=4, kernel=(1, 1))
    assert same_conv(one, Conv2d(out_channels=4, kernel=(1, 1), dilation=(2, 2)))
    assert not same_conv(Conv2d(out_channels=4, kernel=(3, 3)), Conv2d(out_channels=4, kernel=(3, 3), dilation=(2, 2)))


def test_names_say_nothing_and_are_the_same_in_both_modes() -> None:
    hidden = anonymous(REFERENCE)
    train, evaluated = hidden.networks[Mode.TRAIN], hidden.networks[Mode.EVAL]
    assert not {layer.name for layer in train.layers} & set(SLOTS)
    assert all(layer.origin is None for layer in train.layers)
    shared = {layer.name: layer.op for layer in train.layers}
    assert all(type(shared[layer.name]) is type(layer.op) for layer in evaluated.layers)
    assert {hidden.layers[layer.name] for layer in train.layers} == set(SLOTS)


def test_a_chain_without_heads_and_modules_has_mutants_too() -> None:
    chain = network(
        "c1: conv 3 8 p1\nr1: relu\np1: maxpool 2 /2\nc2: conv 3 8 p1\nfc: linear 10", input_shape=(3, 8, 8)
    )
    found = list(mutants(chain, {layer.name: layer.name for layer in chain.layers}))
    assert {one.family for one in found} >= {"width", "kernel", "bias", "pool kind", "layer missing", "outputs"}
    assert isinstance(chain.layers[0], Layer)
