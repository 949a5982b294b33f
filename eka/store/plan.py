"""The plan: the one document that crosses the waist, as values (atom-spec/plan.md).

Actions name each other by the digest of their content, so a plan cannot hold a cycle, and an
action's id depends on neither the store's directory nor the backend that runs it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import ClassVar

from eka.checking import TYPE_CHECKING
from eka.hashing import digest
from eka.store.errors import InvalidPlan
from eka.store.path import StorePath, tree_path
from eka.store.plan_layers import Layer, LayerFormat
from eka.store.plan_rules import (
    MAX_FILE_BYTES,
    MAX_TIMEOUT_S,
    check_absolute,
    check_apart,
    check_digest,
    check_keys,
    check_path_name,
    check_placeholders,
    check_range,
    check_relative,
    check_requires,
    check_system,
    check_text,
    check_texts,
    check_url,
    check_variables,
    require,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from eka.store.plan_python import PythonTree

SCHEMA = "eka.plan/1"
DEFAULT_OUTPUT = "out"

Json: TypeAlias = "None | bool | int | str | Sequence[Json] | Mapping[str, Json]"


@dataclass(frozen=True, slots=True)
class ActionInput:
    """An output of another action of the plan."""

    action: str
    output: str = DEFAULT_OUTPUT

    def __post_init__(self) -> None:
        check_digest("action", self.action)
        check_keys("output", (self.output,))

    def to_json(self) -> dict[str, Json]:
        """Return the input as JSON."""
        return {"action": self.action, "output": self.output}


@dataclass(frozen=True, slots=True)
class TreeInput:
    """A directory that must be in the store before the plan is realised."""

    tree: str  # content hash, 64 hex digits
    name: str

    def __post_init__(self) -> None:
        check_digest("tree", self.tree)
        check_path_name("name", self.name)

    @property
    def path(self) -> StorePath:
        """Where the store keeps the tree."""
        return tree_path(self.tree, self.name)

    def to_json(self) -> dict[str, Json]:
        """Return the input as JSON."""
        return {"tree": self.tree, "name": self.name}


Input: TypeAlias = ActionInput | TreeInput


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAction:
    """Run a program in a sandbox."""

    kind: ClassVar[str] = "run"

    name: str
    system: str
    builder: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    inputs: Mapping[str, Input] = field(default_factory=dict[str, Input])
    stage: Mapping[str, str] = field(default_factory=dict[str, str])
    rootfs: str | None = None
    cwd: str = "/build"
    outputs: tuple[str, ...] = (DEFAULT_OUTPUT,)
    timeout_s: int = 3600
    requires: tuple[str, ...] = ()  # capabilities, in order
    strict_references: bool = False  # digests count without the prefix of the store as well

    def __post_init__(self) -> None:
        check_path_name("name", self.name)
        check_system("system", self.system)
        check_text("builder", self.builder)
        plain = self.builder.startswith("/") or self.builder.startswith("{{")
        require(plain, "builder", f"{self.builder!r} is neither absolute nor in an input")
        check_texts("args", self.args)
        check_variables("env", self.env)
        check_keys("inputs", self.inputs.keys())
        self._check_stage()
        known = self.rootfs is None or self.rootfs in self.inputs
        require(known, "rootfs", f"{self.rootfs!r} is not an input of this action")
        check_absolute("cwd", self.cwd)
        require(len(self.outputs) > 0, "outputs", "there must be one at least")
        check_keys("outputs", self.outputs)
        unique = len(set(self.outputs)) == len(self.outputs)
        require(unique, "outputs", "one is named twice")
        for output in self.outputs:
            check_path_name("outputs", output_name(self, output))
        check_range("timeout_s", self.timeout_s, 1, MAX_TIMEOUT_S)
        check_requires("requires", self.requires)
        check_placeholders("", self._texts(), self._declared())

    def _check_stage(self) -> None:
        for name, directory in self.stage.items():
            require(name in self.inputs, "stage", f"{name!r} is not an input of this action")
            check_relative(f"stage.{name}", directory)
        check_apart("stage", self.stage.values())

    def _texts(self) -> Iterator[tuple[str, str]]:
        yield "builder", self.builder
        yield from ((f"args[{index}]", text) for index, text in enumerate(self.args))
        yield from ((f"env.{key}", text) for key, text in self.env.items())

    def _declared(self) -> dict[str, frozenset[str]]:
        return {
            "input": frozenset(self.inputs),
            "stage": frozenset(self.stage),
            "output": frozenset(self.outputs),
            "open": frozenset({""}),
        }

    def to_json(self) -> dict[str, Json]:
        """Return the action as JSON."""
        found: dict[str, Json] = {
            "kind": self.kind,
            "name": self.name,
            "system": self.system,
            "builder": self.builder,
            "args": list(self.args),
            "env": dict(self.env),
            "inputs": _inputs_json(self.inputs),
            "stage": dict(self.stage),
            "rootfs": self.rootfs,
            "cwd": self.cwd,
            "outputs": list(self.outputs),
            "timeout_s": self.timeout_s,
        }
        if self.requires:  # left out, or all plans from before would have other ids
            found["requires"] = list(self.requires)
        if self.strict_references:
            found["strict_references"] = True
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchAction:
    """Download one file whose digest is known; the only kind that touches the network."""

    kind: ClassVar[str] = "fetch"
    outputs: ClassVar[tuple[str, ...]] = (DEFAULT_OUTPUT,)
    inputs: ClassVar[Mapping[str, Input]] = {}

    name: str
    urls: tuple[str, ...]
    size: int  # bytes
    sha256: str  # 64 hex digits
    executable: bool = False

    def __post_init__(self) -> None:
        check_path_name("name", self.name)
        require(len(self.urls) > 0, "urls", "there must be one at least")
        check_texts("urls", self.urls)
        for index, url in enumerate(self.urls):
            check_url(f"urls[{index}]", url)
        check_range("size", self.size, 0, MAX_FILE_BYTES)
        check_digest("sha256", self.sha256)

    def to_json(self) -> dict[str, Json]:
        """Return the action as JSON."""
        found: dict[str, Json] = {
            "kind": self.kind,
            "name": self.name,
            "urls": list(self.urls),
            "size": self.size,
            "sha256": self.sha256,
        }
        if self.executable:  # left out, or all plans from before would have other ids
            found["executable"] = True
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackAction:
    """Unpack files over one another into one directory."""

    kind: ClassVar[str] = "unpack"
    outputs: ClassVar[tuple[str, ...]] = (DEFAULT_OUTPUT,)

    name: str
    layers: tuple[Layer, ...]
    inputs: Mapping[str, Input]
    strip: int = 0  # leading directories dropped from the names in archives
    links: Mapping[str, str] = field(default_factory=dict[str, str])
    python: PythonTree | None = None  # there when a layer is a wheel

    def __post_init__(self) -> None:
        check_path_name("name", self.name)
        check_keys("inputs", self.inputs.keys())
        check_texts("layers", [layer.input for layer in self.layers])
        for index, layer in enumerate(self.layers):
            known = layer.input in self.inputs
            require(known, f"layers[{index}]", f"{layer.input!r} is not an input of this action")
            layer.check(f"layers[{index}]")
        has_wheels = any(layer.format is LayerFormat.WHEEL for layer in self.layers)
        fits = has_wheels == (self.python is not None)
        require(fits, "python", "it is there when a layer is a wheel, and only then")
        if self.python is not None:
            self.python.check(self.inputs)
        check_range("strip", self.strip, 0, 1)
        check_texts("links", self.links)
        for path, target in self.links.items():
            check_relative("links", path)
            check_text(f"links.{path}", target)
            require(target != "", f"links.{path}", "a link needs a target")
        check_apart("links", self.links.keys())

    def to_json(self) -> dict[str, Json]:
        """Return the action as JSON."""
        found: dict[str, Json] = {
            "kind": self.kind,
            "name": self.name,
            "layers": [layer.to_json() for layer in self.layers],
            "inputs": _inputs_json(self.inputs),
            "strip": self.strip,
            "links": dict(self.links),
        }
        if self.python is not None:  # left out, or all plans from before would have other ids
            found["python"] = self.python.to_json()
        return found


Action: TypeAlias = RunAction | FetchAction | UnpackAction


def canonical_json(value: Json) -> bytes:
    """Return the one legal serialisation: sorted keys, no spaces, UTF-8, no floats."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def action_id(action: Action) -> str:
    """Return the id of an action: 64 hex digits of BLAKE3 of its canonical JSON."""
    return digest(canonical_json(action.to_json())).hex()


def output_name(action: Action, output: str) -> str:
    """Return the name of an output's store path."""
    return action.name if output == DEFAULT_OUTPUT else f"{action.name}-{output}"


def resolved_name(action: Action, inputs: Mapping[str, StorePath]) -> str:
    """Return what an action whose inputs are known is called in reductions.

    What cannot change the outputs is left out: where a file is fetched from, how long a build
    may take, what its sandbox must be able to do.

    Source: atom-spec/plan.md [plan-resolved].
    """
    if inputs.keys() != action.inputs.keys():
        msg = "every input, and no other, must be resolved"
        raise ValueError(msg)
    value = action.to_json()
    for field_name in ("urls", "timeout_s", "requires"):
        value.pop(field_name, None)
    value["inputs"] = {name: path.base for name, path in inputs.items()}
    return digest(canonical_json({"schema": "eka.resolved/1", "action": value})).hex()


@dataclass(frozen=True, slots=True)
class Plan:
    """Actions, and the outputs of them that are wanted."""

    actions: Mapping[str, Action]  # by action id
    roots: tuple[ActionInput, ...]

    def __post_init__(self) -> None:
        for identity, action in self.actions.items():
            for name, wanted in action.inputs.items():
                if isinstance(wanted, ActionInput):
                    self._check_output(f"actions.{identity}.inputs.{name}", wanted)
        for index, root in enumerate(self.roots):
            self._check_output(f"roots[{index}]", root)
        unique = len(set(self.roots)) == len(self.roots)
        require(unique, "roots", "one is named twice")

    @classmethod
    def of(cls, actions: Iterable[Action], roots: Iterable[ActionInput]) -> Plan:
        """Make a plan; the ids are computed."""
        return cls({action_id(action): action for action in actions}, tuple(roots))

    def trees(self) -> dict[str, tuple[str, ...]]:
        """Content hash -> names of the trees that must be in the store first."""
        found: dict[str, set[str]] = {}
        for action in self.actions.values():
            for wanted in action.inputs.values():
                if isinstance(wanted, TreeInput):
                    found.setdefault(wanted.tree, set()).add(wanted.name)
        return {tree: tuple(sorted(names)) for tree, names in sorted(found.items())}

    def order(self) -> list[str]:
        """Ids of the actions the roots need, each after its inputs; the same on every machine."""
        done: dict[str, None] = {}
        for root in self.roots:
            pending = [(root.action, False)]
            while pending:
                identity, ready = pending.pop()
                if identity in done:
                    continue
                if ready:
                    done[identity] = None
                    continue
                pending.append((identity, True))
                pending.extend((below, False) for below in self._needs(identity))
        return list(done)

    @property
    def identity(self) -> str:
        """The id of the plan: BLAKE3 of its canonical bytes, 64 hex digits."""
        return digest(self.encode()).hex()

    def encode(self) -> bytes:
        """Return the canonical bytes of the plan."""
        return canonical_json(
            {
                "schema": SCHEMA,
                "actions": {key: action.to_json() for key, action in self.actions.items()},
                "trees": {tree: list(names) for tree, names in self.trees().items()},
                "roots": [root.to_json() for root in self.roots],
            }
        )

    def _needs(self, identity: str) -> list[str]:
        wanted = sorted(self.actions[identity].inputs.items(), reverse=True)
        return [value.action for _, value in wanted if isinstance(value, ActionInput)]

    def _check_output(self, where: str, wanted: ActionInput) -> None:
        action = self.actions.get(wanted.action)
        if action is None:
            raise InvalidPlan(where, f"the plan holds no action {wanted.action}")
        known = wanted.output in action.outputs
        require(known, where, f"action {wanted.action} has no output {wanted.output!r}")


def _inputs_json(inputs: Mapping[str, Input]) -> dict[str, Json]:
    return {name: wanted.to_json() for name, wanted in inputs.items()}
