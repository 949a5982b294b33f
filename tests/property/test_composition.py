"""Laws of composing: no order of a mapping reaches the plan, no text of a script is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eka.build.recipe import Recipe
from eka.compose import ROOT, compose_static
from eka.store import RunAction, StorePath, TreeInput, plain_text
from tests.fakes.compose_vectors import CASES, request_of
from tests.vectors import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from eka.atom import AtomKey, Manifest
    from eka.compose import ComposeRequest

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
FOLDER = FIXTURES / "compose" / "closure"
CLOSURE = request_of(FOLDER, CASES["closure"])
PARTS = ["{", "}", "{{", "}}", "input", "stage", "output", "open", ":", "x", "src", "\n", "é"]
RECIPE = Recipe(
    RunAction(
        name="x",
        system="x86_64-linux",
        builder="/bin/sh",
        inputs={"src": TreeInput("0" * 64, "src")},
        stage={"src": "src"},
    ),
    {"src": StorePath("0" * 32, "src")},
    "0" * 64,
    1,
    (),
)


class Shuffle:
    """Puts things in another order."""

    def __init__(self, permute: Callable[[Sequence[int]], Sequence[int]]) -> None:
        self._permute = permute

    def many(self, values: Iterable[_Value]) -> tuple[_Value, ...]:
        found = tuple(values)
        return tuple(found[at] for at in self._permute(range(len(found))))

    def mapping(self, values: Mapping[_Key, _Value]) -> dict[_Key, _Value]:
        return dict(self.many(values.items()))

    def manifest(self, manifest: Manifest) -> Manifest:
        build = manifest.build
        if build is not None:
            build = replace(build, env=self.mapping(build.env), links=self.mapping(build.links))
        return replace(
            manifest,
            package=replace(manifest.package, sets=self.mapping(manifest.package.sets)),
            dependencies=self.many(manifest.dependencies),
            dev_dependencies=self.many(manifest.dev_dependencies),
            direct=self.many(manifest.direct),
            build=build,
        )

    def request(self, request: ComposeRequest) -> ComposeRequest:
        lock = request.lock
        manifests: dict[AtomKey | None, Manifest] = {
            key: self.manifest(each) for key, each in request.manifests.items()
        }
        return replace(
            request,
            lock=replace(
                lock,
                sets=self.many(lock.sets),
                atoms=self.many(lock.atoms),
                direct=self.many(lock.direct),
                requires=self.many(lock.requires),
            ),
            manifests=self.mapping(manifests),
            contents=self.mapping(request.contents),
        )


@pytest.mark.spec("compose-deterministic")
@given(data=st.data())
def test_the_plan_does_not_depend_on_the_order_of_anything_but_targets(
    data: st.DataObject,
) -> None:
    shuffle = Shuffle(lambda places: data.draw(st.permutations(places)))

    plan = compose_static(shuffle.request(CLOSURE)).plan

    assert plan.encode() == (FOLDER / "plan.json").read_bytes()


@pytest.mark.spec("compose-targets")
def test_the_order_of_targets_is_that_of_the_roots() -> None:
    turned = replace(CLOSURE, targets=tuple(reversed(CLOSURE.targets)))

    one, other = compose_static(CLOSURE).plan, compose_static(turned).plan

    assert one.roots == tuple(reversed(other.roots))
    assert one.actions == other.actions
    assert CLOSURE.targets[0] is ROOT


@pytest.mark.spec("compose-text")
@pytest.mark.spec("plan-open")
@given(text=st.lists(st.sampled_from(PARTS), max_size=30).map("".join) | st.text())
def test_plain_text_comes_out_as_it_went_in(text: str) -> None:
    assert RECIPE.expand(plain_text(text)) == text
