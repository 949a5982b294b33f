"""Building again: what must be the same, and how a difference is told and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.build import BuildFailed, NonDeterministic
from eka.build.compare import MAX_DIFF_LINES, MAX_ENTRIES, compared
from eka.store import ActionInput, ActionSkipped, ActionStarted, Outcome, action_id
from tests.fakes.workbench import Workbench, tree_nodes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.store import Store

BUILT, CACHED = Outcome.BUILT, Outcome.CACHED
CHANCE = "cat /proc/sys/kernel/random/uuid"


def differences(
    store: Store, first: Mapping[str, bytes | str], second: Mapping[str, bytes | str]
) -> tuple[str, ...]:
    """Return what is told of two trees."""
    paths = [store.add_tree("out", tree_nodes(files)) for files in (first, second)]
    return compared(store, paths[0], paths[1]).lines


@pytest.mark.spec("build-rounds")
def test_every_action_that_is_not_there_is_built_as_often_as_asked(bench: Workbench) -> None:
    lower = bench.script("echo lower > $out", name="lower")
    upper = bench.script(
        "cat $lower > $out",
        name="upper",
        inputs={"lower": ActionInput(action_id(lower))},
        env={"lower": "{{input:lower}}"},
    )

    bench.realise(lower, upper, rounds=3)
    first = bench.outcomes()
    bench.realise(lower, upper, rounds=3)
    second = bench.outcomes()

    assert first == [("lower", BUILT)] * 3 + [("upper", BUILT)] * 3
    assert second == [("upper", CACHED)]


@pytest.mark.spec("build-rounds")
def test_a_check_may_have_rounds_too(bench: Workbench) -> None:
    action = bench.script("echo same > $out")
    bench.realise(action)
    bench.outcomes()

    bench.realise(action, check=True, rounds=3)

    assert bench.outcomes() == [("thing", CACHED), ("thing", BUILT), ("thing", BUILT)]


@pytest.mark.spec("build-rounds")
@pytest.mark.spec("build-difference")
def test_what_differs_between_rounds_is_an_error_and_both_outcomes_are_kept(
    bench: Workbench,
) -> None:
    with pytest.raises(NonDeterministic) as caught:
        bench.build(f"mkdir $out; echo same > $out/a; {CHANCE} > $out/b", rounds=2)

    error = caught.value
    assert error.exit_status == 104
    assert error.differs == "b"
    assert [line[:3] for line in error.details] == ["b: ", "  @", "  -", "  +"]
    (disputed,) = bench.store.nondeterminism()
    assert len(disputed.outcomes) == 2


@pytest.mark.spec("build-rounds")
def test_nothing_is_built_upon_what_differs_between_rounds(bench: Workbench) -> None:
    lower = bench.script(f"{CHANCE} > $out", name="lower")
    upper = bench.script(
        "touch $out", name="upper", inputs={"lower": ActionInput(action_id(lower))}
    )

    with pytest.raises(NonDeterministic):
        bench.realise(lower, upper, rounds=2, keep_going=True)

    started = [event.name for event in bench.events if isinstance(event, ActionStarted)]
    skipped = [event.name for event in bench.events if isinstance(event, ActionSkipped)]
    assert (started, skipped) == (["lower", "lower"], ["upper"])


def test_a_round_that_fails_is_a_failed_build(bench: Workbench) -> None:
    script = "mkdir $out; [ $(head -c 1 /dev/urandom | od -An -tu1) -lt 128 ]"

    with pytest.raises(BuildFailed):
        bench.build(script, rounds=60)


@pytest.mark.spec("build-difference")
def test_what_is_only_in_one_of_them_is_told(store: Store) -> None:
    told = differences(store, {"a": b"x", "l": "there"}, {"b*": b"12", "l": "here", "d/f": b""})

    assert told == (
        "a: only in the first, a file of 1 byte",
        "b: only in the second, an executable file of 2 bytes",
        "d: only in the second, a directory",
        "d/f: only in the second, a file of 0 bytes",
        "l: a link to there, then a link to here",
    )


@pytest.mark.spec("build-difference")
def test_the_lines_of_a_text_that_differ_are_shown(store: Store) -> None:
    before = b"".join(b"line %d\n" % number for number in range(100))

    told = differences(store, {"f": before}, {"f": before.replace(b"line 50\n", b"other\n")})

    assert told == (
        "f: a file of 790 bytes, then a file of 788 bytes",
        "  @@ -50,3 +50,3 @@", "   line 49", "  -line 50", "  +other", "   line 51",
    )  # fmt: skip


@pytest.mark.spec("build-difference")
def test_of_other_files_the_first_bytes_that_differ_are_shown(store: Store) -> None:
    data = bytes(range(256)) * 5000

    told = differences(store, {"f": data + b"\x01"}, {"f": data + b"\x02\x03"})

    assert told[1] == "  from byte 1280000: 01, then 02 03"
    assert differences(store, {"f": b"\0"}, {"f": b"\0\0"})[1] == (
        "  from byte 1: the end, then 00"
    )


@pytest.mark.spec("build-difference")
def test_a_mode_that_differs_is_told_and_no_content(store: Store) -> None:
    assert differences(store, {"f": b"x"}, {"f*": b"x"}) == (
        "f: a file of 1 byte, then an executable file of 1 byte",
    )


@pytest.mark.spec("build-difference")
def test_a_mention_of_the_own_path_is_no_difference(bench: Workbench) -> None:
    script = f"mkdir $out; echo $out > $out/self; {CHANCE} > $out/z"

    with pytest.raises(NonDeterministic) as caught:
        bench.build(script, rounds=2)

    assert caught.value.differs == "z"
    assert not any("self" in line for line in caught.value.details)


@pytest.mark.spec("build-difference")
def test_much_that_differs_is_not_told_in_full(store: Store) -> None:
    def text(word: bytes) -> bytes:
        return b"".join(word + b" %d\n" % number for number in range(500))

    many = differences(
        store, {f"f{n:02}": b"a" for n in range(99)}, {f"f{n:02}": b"b" for n in range(99)}
    )
    long = differences(store, {"f": text(b"a")}, {"f": text(b"b")})
    wide = differences(store, {"f": b"a" * 5000}, {"f": b"b" * 5000})

    assert many[-1] == f"and {99 - MAX_ENTRIES} more"
    assert (len(long), long[-1]) == (MAX_DIFF_LINES + 2, "  ...")
    assert max(map(len, wide)) < 200
