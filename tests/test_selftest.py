"""The self-test: a sample of it is clean, and a blinded audit does not pass it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import typer

from gnet_audit import attributes, heads
from gnet_audit.commands import selftest as command
from gnet_audit.errors import ExitStatus, UsageError
from gnet_audit.formats import selftest as page
from gnet_audit.live import selfproof
from gnet_audit.output import Reply
from gnet_audit.selftest import Evidence, Kind, Selftest, Trial, cases, run, same_cases, trial

GROUND = selfproof.ground("googlenet")
CASES = {case.mutant.id: case for case in cases(GROUND, seed=3)}
FAULT = Trial(
    id="conv1: no bias", family="bias", kind=Kind.MUTANT, caught=True, slot=True, attribute=True,
    findings=("GA207 bias conv1",), evidence=Evidence(proven="", broken="conv1 differs"),
)  # fmt: skip


def answered(*words: str) -> Reply:
    app = typer.Typer()
    command.register(app)
    reply = typer.main.get_command(app).main(list(words), standalone_mode=False)
    assert isinstance(reply, Reply)
    return reply


# --- the run ---------------------------------------------------------------------------------------


def test_there_are_as_many_cases_as_promised() -> None:
    kinds = [case.kind for case in CASES.values()]
    assert kinds.count(Kind.MUTANT) >= 500
    assert kinds.count(Kind.PAIR) == 300
    assert kinds.count(Kind.REWRITE) >= 200


def test_pairs_depend_on_the_seed_and_on_nothing_else() -> None:
    once, again, other = (cases(GROUND, seed=seed, limit=5) for seed in (3, 3, 4))
    assert once == again
    assert once != other


def test_a_sample_is_caught_located_and_proven() -> None:
    small = selfproof.shrunk(GROUND, "googlenet")
    chosen = cases(GROUND, seed=0, limit=12)
    prove = selfproof.prover(small, same_cases(chosen, cases(small, seed=0, limit=12, like=GROUND)))
    result = Selftest(trials=tuple(run(GROUND, chosen, prove)))
    assert result.failed == ()
    assert result.astray == ()
    assert any(one.evidence for one in result.trials)


@pytest.mark.parametrize(
    ("module", "function", "name"),
    [
        (attributes, "_lrn", "lrn1: k 2.0"),
        (attributes, "_conv", "conv2: no bias"),
        (attributes, "_pool", "pool3: avg pool"),
        (heads, "_matched", "aux1: on inception_4b.concat"),
    ],
)
def test_a_blinded_audit_is_noticed(module: object, function: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert trial(GROUND, CASES[name]).located
    monkeypatch.setattr(module, function, lambda *_: iter(()))
    blinded = trial(GROUND, CASES[name])
    assert blinded.failed
    assert not blinded.caught


def test_a_blinded_audit_is_not_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    prove = selfproof.prover(selfproof.shrunk(GROUND, "googlenet"), {})
    seen = trial(GROUND, CASES["conv2: no bias"], prove).evidence
    monkeypatch.setattr(attributes, "_conv", lambda *_: iter(()))
    blind = trial(GROUND, CASES["conv2: no bias"], prove).evidence
    assert seen is not None
    assert blind is not None
    assert (bool(seen.proven), bool(blind.proven)) == (False, True)


def test_a_network_that_cannot_run_is_not_counted() -> None:
    one = trial(GROUND, CASES["inception_3a.1x1: stride 2"])
    assert one.kind is Kind.IMPOSSIBLE
    assert "differ in more than the axis joined" in one.reason
    assert not one.failed


def test_what_is_equal_by_arithmetic_is_no_fault() -> None:
    one = trial(GROUND, CASES["aux1.pool: ceil mode True"])
    assert one.kind is Kind.EQUAL
    assert one.reason == "every window averages the same values"
    assert not one.failed


# --- marks -------------------------------------------------------------------------------------------


def test_a_trial_fails_if_a_fault_is_missed_or_an_alarm_raised() -> None:
    assert not FAULT.failed
    assert replace(FAULT, caught=False).failed
    assert replace(FAULT, kind=Kind.REWRITE).failed
    assert not replace(FAULT, kind=Kind.REWRITE, caught=False).failed


def test_a_proof_disagrees_if_it_fails_with_the_findings_or_holds_without() -> None:
    assert not FAULT.doubted
    assert replace(FAULT, evidence=Evidence(proven="conv1 differs", broken="conv1 differs")).doubted
    assert replace(FAULT, evidence=Evidence(proven="", broken="")).doubted
    assert not replace(FAULT, evidence=Evidence(proven="", broken=""), unseen="nobody sees it").doubted


# --- the command ----------------------------------------------------------------------------------------


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch) -> list[Trial]:
    """Trials in place of a run."""
    given: list[Trial] = [FAULT]
    monkeypatch.setattr(selfproof, "trials", lambda _request, _jobs: iter((len(given), *given)))
    return given


def test_a_clean_run_has_status_0_and_a_table(stubbed: list[Trial]) -> None:
    stubbed.append(replace(FAULT, id="1: fused", family="equivalent rewrites", kind=Kind.REWRITE, caught=False,
                           evidence=Evidence(proven="", broken="")))  # fmt: skip
    reply = answered("--width", "0")
    text = reply.documents[0].text
    assert reply.status is ExitStatus.CLEAN
    assert "selftest: 1 network with known faults, seed 0" in text
    assert "1 equivalent rewrite" in text
    assert "0 false alarms, 1 of 1 proven" in text


def test_a_fault_missed_has_status_1_and_is_named(stubbed: list[Trial]) -> None:
    stubbed[:] = [replace(FAULT, caught=False, slot=False, attribute=False, findings=())]
    reply = answered()
    assert reply.status is ExitStatus.FINDINGS
    assert "conv1: no bias: found nothing" in reply.documents[0].text


def test_a_fault_elsewhere_is_told_but_is_no_failure(stubbed: list[Trial]) -> None:
    stubbed[:] = [replace(FAULT, seconds=("GA203 stride conv1",))]
    reply = answered()
    assert reply.status is ExitStatus.CLEAN
    assert "caught, but not exactly located: 1" in reply.documents[0].text


def test_json_tells_every_trial(stubbed: list[Trial]) -> None:
    told = json.loads(answered("--json", "--seed", "7").documents[0].text)
    assert (told["schema"], told["seed"], told["failed"]) == (1, 7, 0)
    assert told["trials"][0]["id"] == stubbed[0].id
    assert told["trials"][0]["evidence"] == {"proven": "", "broken": "conv1 differs"}


@pytest.mark.parametrize("option", ["--limit", "--jobs"])
def test_less_than_one_is_too_small(option: str) -> None:
    with pytest.raises(UsageError, match="too small"):
        answered(option, "0")


def test_the_page_tells_pairs_what_is_no_fault_and_what_no_proof_can_see() -> None:
    equal = replace(
        FAULT, family="rounding", kind=Kind.EQUAL, caught=False, evidence=None, reason="nothing is left over"
    )
    trials = (
        FAULT,
        replace(FAULT, id="conv2: no bias", unseen="its input is zero", evidence=Evidence(proven="", broken="")),
        replace(FAULT, id="conv1: no bias & pool1: avg", kind=Kind.PAIR, family="pairs"),
        replace(equal, id="pool1: floor"),
        replace(equal, id="pool2: floor"),
        replace(FAULT, id="conv1: stride 9", family="stride", kind=Kind.IMPOSSIBLE, caught=False, evidence=None),
    )
    lines = page.text(Selftest(trials=trials)).splitlines()
    rows = [" ".join(line.split()) for line in lines if " of " in line and "%" in line]
    all_right = "100 % 100 % 100 % 100 % 0"
    assert rows == [
        f"bias 2 {all_right} 1 of 1 2 of 2",  # the proof cannot see one of the two faults
        f"all single faults 2 {all_right} 1 of 1 2 of 2",
        f"pairs of them 1 {all_right} 1 of 1 1 of 1",
    ]
    assert lines[-4:] == [
        "2 equal by arithmetic: 0 false alarms",
        "  rounding, 2, nothing is left over: pool1: floor, pool2: floor",
        "1 fault with which no network can run (stride 1)",
        "1 seen in the structure only, since its input is zero: conv2: no bias",
    ]


def test_the_page_tells_what_the_proof_says_and_no_more_than_twenty_one_by_one() -> None:
    trials = [
        replace(FAULT, id="a", evidence=Evidence(proven="conv1 differs", broken="conv1 differs")),
        replace(FAULT, id="b", evidence=Evidence(proven="", broken="")),
        replace(FAULT, id="c", kind=Kind.REWRITE, caught=False, evidence=Evidence(proven="", broken="pool1 differs")),
    ]
    missed = [replace(FAULT, id=str(number), caught=False, findings=()) for number in range(19)]
    lines = page.text(Selftest(trials=(*trials, *missed))).splitlines()
    start = lines.index("wrong: 22")
    assert lines[start + 1 : start + 5] == [
        "  a: found GA207 bias conv1; the proof: conv1 differs",
        "  b: found GA207 bias conv1; the proof: equal without the findings",
        "  c: found GA207 bias conv1; the proof: pool1 differs",
        "  0: found nothing",
    ]
    assert lines[start + 20 :] == ["  16: found nothing", "  and 2 more; --json tells all"]


def test_a_page_without_single_faults_has_no_shares() -> None:
    impossible = replace(FAULT, family="stride", kind=Kind.IMPOSSIBLE, caught=False, evidence=None)
    lines = page.text(Selftest(trials=(impossible,))).splitlines()
    assert [line.split() for line in lines if line.startswith("all")] == [["all", "single", "faults", "0", "0"]]


def test_a_share_is_whole_only_where_all_are() -> None:
    assert page.share(3, 3) == "100 %"
    assert page.share(1999, 2000) == "99.9 %"
    assert page.share(9999, 10000) == "99.9 %"
