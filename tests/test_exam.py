"""The exam itself: the lists of what is wrong are right and complete, as far as arithmetic and torch can tell.

The auditor has no part in it. A twin, the paper's network with just the listed faults, has the same parameters
as the build and computes the same numbers.
"""

from __future__ import annotations

from math import prod

import pytest

from tests.exam import BUILDS
from tests.exam.broken import BROKEN, Broken
from tests.exam.build import TESTS, Build
from tests.exam.faults import Fault
from tests.exam.more_builds import DILATED, HANDWRITTEN_LRN, HIDDEN_PADDINGS, HOOKED_HEADS
from tests.exam.survey_builds import DICT_OUTPUT, FLAT_FORWARD, TUPLE_BLOCKS
from tests.exam.twin import fill, outputs, shapes, within
from tests.mistakes import MISTAKES, SURVEY
from tests.mistakes.plan import TABLE, Written, paper
from tests.mistakes.truth import Case

pytestmark = pytest.mark.filterwarnings("ignore")  # as the builds' authors leave it

FIVES = tuple((reduced, wide) for _, _, _, reduced, wide, _ in TABLE.values())
CONV_WIDTHS = 64 + 64 + 192 + sum(map(sum, TABLE.values())) + 2 * 128

PARAMETERS = {
    "5x5-as-3x3": sum((9 - 25) * reduced * wide for reduced, wide in FIVES),
    "5x5-as-two-3x3": sum(
        (9 * reduced * wide + wide) + (9 * wide * wide + wide) - (25 * reduced * wide + wide) for reduced, wide in FIVES
    ),
    "5x5-as-3x3-dilated-2": sum((9 - 25) * reduced * wide for reduced, wide in FIVES),
    "batch-norm-and-no-bias": 2 * CONV_WIDTHS - CONV_WIDTHS,
    "bias-removed": -CONV_WIDTHS,
    # 14 → 13 at 4a and 4d, so that the heads' 5×5/3 gives 3×3 and not 4×4.
    "floor-pools": 2 * 1024 * 128 * (3 * 3 - 4 * 4),
}
"""What a survey mistake adds to the parameters of all; nothing where it is not named."""


def _name(one: Build | Broken) -> str:
    return one.file


# --- builds ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", BUILDS, ids=_name)
def test_the_paper_network_with_the_listed_faults_has_the_same_parameters_and_computes_the_same(build: Build) -> None:
    model, twin = build.model, build.twin()
    assert _rest(shapes(model), shapes(twin)) == build.unused
    fill(model)
    fill(twin)
    for training, features in zip((False, True), build.features, strict=True):
        if training and not build.steady:
            continue
        theirs, ours = (
            outputs(one, build.input_shape, training=training, batch=build.batch if training else 1)
            for one in (model, twin)
        )
        assert within(ours, theirs)
        assert len(theirs) - len(ours) == features


def _rest(found: list[tuple[int, ...]], derived: list[tuple[int, ...]]) -> int:
    """How many parameters are there that arithmetic does not ask for; all that it asks for must be there."""
    for shape in derived:
        assert shape in found
        found.remove(shape)
    return sum(map(prod, found))


@pytest.mark.parametrize(
    ("build", "fault"),
    [
        *((HANDWRITTEN_LRN, fault) for fault in HANDWRITTEN_LRN.faults),
        *((HIDDEN_PADDINGS, fault) for fault in (HIDDEN_PADDINGS.faults[0], HIDDEN_PADDINGS.faults[2])),
        (DILATED, DILATED.faults[2]),
        (DICT_OUTPUT, DICT_OUTPUT.faults[1]),
        (TUPLE_BLOCKS, TUPLE_BLOCKS.faults[1]),
        (FLAT_FORWARD, FLAT_FORWARD.faults[2]),
    ],
    ids=lambda item: item.file if isinstance(item, Build) else item.truths[0].attribute,
)
def test_a_forgotten_fault_shows_in_the_numbers(build: Build, fault: Fault) -> None:
    model, twin = fill(build.model), fill(build.twin(without=fault))
    ours, theirs = (outputs(one, build.input_shape, training=False) for one in (twin, model))
    assert not within(ours, theirs)


@pytest.mark.parametrize("build", [HOOKED_HEADS, TUPLE_BLOCKS], ids=_name)
def test_a_forgotten_fault_of_a_head_shows_in_training(build: Build) -> None:
    fault = build.faults[-1]
    model, twin = fill(build.model), fill(build.twin(without=fault))
    ours, theirs = (outputs(one, build.input_shape, training=True) for one in (twin, model))
    assert not within(ours, theirs)


def test_every_file_is_a_build_with_a_list_of_its_own() -> None:
    files = {path.stem for path in (TESTS / "builds").glob("*.py")}
    listed = [build.file for build in (*BUILDS, *BROKEN)]
    assert sorted(files) == sorted(listed)
    assert len(BUILDS) >= 28


@pytest.mark.parametrize("broken", BROKEN, ids=_name)
def test_a_broken_build_breaks_without_the_auditor_too(broken: Broken) -> None:
    for training, runs in ((False, broken.eval), (True, broken.train)):
        raised = False
        try:
            outputs(broken.make(), (3, 224, 224), training=training)
        except Exception:  # noqa: BLE001 - whatever the build raises
            raised = True
        assert raised is not runs


# --- single mistakes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("case", SURVEY, ids=lambda case: case.id)
def test_a_survey_mistake_changes_the_parameters_by_what_arithmetic_says(case: Case) -> None:
    wrong, right = (
        sum(prod(parameter.shape) for parameter in Written(plan).parameters()) for plan in (case.edit(paper()), paper())
    )
    assert wrong - right == PARAMETERS.get(case.id, 0)


def test_there_are_twenty_three_survey_mistakes_and_more_than_sixty_others_under_names_of_their_own() -> None:
    assert len(SURVEY) == 23
    assert len(MISTAKES) - len(SURVEY) >= 60
    assert len({case.id for case in MISTAKES}) == len(MISTAKES)
