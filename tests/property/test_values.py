"""A value of ours does what a dataclass of the standard library does, whatever its fields."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from functools import partial
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eka import values

INTS = st.integers(-3, 3)
DECORATORS: list[Any] = [values.dataclass, dataclasses.dataclass]


def both(**options: bool) -> list[Any]:
    """Return one class made by our decorator and the same made by the standard one."""
    made: list[Any] = []
    for module in (values, dataclasses):

        class Value:
            kind: ClassVar[str] = "value"
            first: int
            second: int = 2
            third: list[int] = module.field(default_factory=list, compare=False)
            doubled: int = module.field(init=False, repr=False, compare=False)

            def __post_init__(self) -> None:
                object.__setattr__(self, "doubled", 2 * self.first)

        made.append(module.dataclass(**options)(Value))
    return made


OPTIONS = [
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "order": True},
    {"frozen": True, "slots": True, "kw_only": True},
    {"frozen": True},
    {"slots": True},
    {"slots": True, "repr": False},
    {},
]
Arguments = tuple[tuple[object, ...], dict[str, object]]
NOTHING: dict[str, st.SearchStrategy[object]] = {}
ODD: list[Arguments] = [
    ((), {}), ((1,), {"first": 1}), ((1, 2, None, 4), {}), ((1,), {"none": 1}),
]  # fmt: skip


def arguments(positional: int, *named: str) -> st.SearchStrategy[Arguments]:
    """Return a strategy for so many positional arguments and the named ones."""
    return st.tuples(
        st.tuples(*[INTS] * positional),
        st.fixed_dictionaries(NOTHING, optional=dict.fromkeys(named, INTS)),
    )


ARGUMENTS = st.one_of(
    arguments(1, "second"), arguments(2), arguments(0, "first", "second"), st.sampled_from(ODD)
)


def outcome(work: Any) -> object:  # noqa: ANN401 - any function without arguments
    """Return what a call gives, or the kind of its error."""
    try:
        return work()
    except (TypeError, AttributeError) as error:
        return type(error)


def seen(value: Any) -> Any:  # noqa: ANN401 - of either class
    """Return what a value shows of itself, but for what differs between any two classes."""
    if not hasattr(value, "first"):
        return value  # the kind of an error
    shown = repr(value)
    return (
        value.first, value.second, value.third, value.doubled, value.kind,
        shown if " object at " not in shown else "plain",
        hasattr(value, "__dict__"), outcome(lambda: hash(value) == hash(copy.copy(value))),
        dataclasses.asdict(value), [each.name for each in dataclasses.fields(value)],
        vars(value.__class__)["__match_args__"],
    )  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@given(calls=st.lists(ARGUMENTS, min_size=1, max_size=8))
def test_a_value_is_made_and_refused_as_a_dataclass_is(
    options: dict[str, bool], calls: list[Arguments]
) -> None:
    ours, theirs = both(**options)

    for args, named in calls:  # the first few are made in another way than later ones
        mine, other = (outcome(partial(cls, *args, **named)) for cls in (ours, theirs))
        assert seen(mine) == seen(other)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@given(one=st.tuples(INTS, INTS), two=st.tuples(INTS, INTS))
def test_values_compare_as_dataclasses_do(
    options: dict[str, bool], one: tuple[int, int], two: tuple[int, int]
) -> None:
    def compared(cls: Any) -> list[object]:  # noqa: ANN401 - either class
        named = [dict(zip(("first", "second"), each, strict=True)) for each in (one, two)]
        a, b = cls(**named[0]), cls(**named[1])
        return [
            a == b, a != b, a == 1, outcome(lambda: a < b), outcome(lambda: a <= b),
            outcome(lambda: a > b), outcome(lambda: a >= b), outcome(lambda: a < 1),
        ]  # fmt: skip

    ours, theirs = both(**options)

    assert compared(ours) == compared(theirs)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_values_are_changed_copied_and_refuse_changes_as_dataclasses_do(
    options: dict[str, bool],
) -> None:
    def tried(cls: Any) -> list[object]:  # noqa: ANN401 - either class
        value = cls(first=1)
        changed = dataclasses.replace(value, second=7)
        return [
            seen(changed), copy.deepcopy(value) == value,
            outcome(lambda: setattr(value, "first", 9)), outcome(lambda: delattr(value, "first")),
            outcome(lambda: setattr(value, "unknown", 9)) is None,
        ]  # fmt: skip

    ours, theirs = both(**options)

    assert tried(ours) == tried(theirs)


@values.dataclass(frozen=True, slots=True)
class Known:
    """A value that `pickle` can find again."""

    text: str
    number: int = 0


def test_a_value_crosses_a_process_border() -> None:
    assert pickle.loads(pickle.dumps(Known("a", 2))) == Known("a", 2)  # noqa: S301 - our own


def test_a_method_of_the_class_itself_counts() -> None:
    @values.dataclass(frozen=True, slots=True)
    class Own:
        text: str

        def __eq__(self, other: object) -> bool:
            return isinstance(other, str) and other == self.text

        def __hash__(self) -> int:
            return 7

        def __repr__(self) -> str:
            return "own"

    value: object = Own("a")

    assert (value == "a", hash(value), repr(value)) == (True, 7, "own")


def test_a_subclass_is_made_like_its_parent() -> None:
    class Child(Known):
        """Adds nothing."""

    for number in range(5):
        assert (Child("a", number).number, Known("a", number).number) == (number, number)
    assert Child("a") != Known("a")


def test_what_is_not_supported_is_refused_at_once() -> None:
    decorate: Any = values.dataclass
    with pytest.raises(TypeError, match="unknown options"):
        decorate(weakref_slot=True)
    with pytest.raises(TypeError, match="unknown options"):
        values.field(metadata={})
    with pytest.raises(TypeError, match="no constructor"):
        values.field(default=1, init=False)
    with pytest.raises(TypeError, match="inherit"):
        decorate(type("Child", (Known,), {}))
