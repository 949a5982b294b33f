from __future__ import annotations

import pytest

from eka.build.recipe import Recipe
from eka.store import RunAction, StorePath, TreeInput

SRC = StorePath("0" * 32, "src")
ROOT = StorePath("1" * 32, "root")


def recipe(*, resolved: str = "a" * 64, rootfs: str | None = None, **env: str) -> Recipe:
    action = RunAction(
        name="zlib-1.3.1",
        system="x86_64-linux",
        builder="{{input:root}}/bin/sh",
        args=("-c", "cp {{stage:src}}/x {{output:out}}; echo {{input:src}} {braces}"),
        env=env,
        inputs={"src": TreeInput("0" * 64, "src"), "root": TreeInput("1" * 64, "root")},
        stage={"src": "work/src"},
        outputs=("out", "dev"),
        rootfs=rootfs,
    )
    return Recipe(action, {"src": SRC, "root": ROOT}, resolved, 4, (SRC, ROOT))


@pytest.mark.spec("build-placeholder")
def test_placeholders_become_logical_paths() -> None:
    made = recipe()

    command = made.command()

    out = made.output_path("out").text
    assert command == (
        f"{ROOT.text}/bin/sh",
        "-c",
        f"cp /build/work/src/x {out}; echo {SRC.text} {{braces}}",
    )


@pytest.mark.spec("plan-open")
def test_braces_can_be_written_and_what_they_stand_for_is_not_looked_at_again() -> None:
    texts = ["{{open:}}", "{{open:}}input:src}}", "{{open:}}open:}}", "{{{open:}}stage:src}}}"]

    expanded = [recipe().expand(text) for text in texts]

    assert expanded == ["{{", "{{input:src}}", "{{open:}}", "{{{stage:src}}}"]


@pytest.mark.spec("build-placeholder")
def test_the_path_of_an_output_depends_on_the_resolved_action_alone() -> None:
    one, same, other = recipe(), recipe(), recipe(resolved="b" * 64)

    assert one.output_path("out") == same.output_path("out")
    assert one.output_path("out") != other.output_path("out")
    assert one.output_path("out").digest32 != one.output_path("dev").digest32
    assert len(one.output_path("out").text) == len(SRC.text) - len("src") + len("zlib-1.3.1")


@pytest.mark.spec("sandbox-environment")
def test_the_environment_is_fixed_and_the_action_may_change_it() -> None:
    made = recipe(CFLAGS="-O2", HOME="/build", out="{{output:out}}")

    assert made.environment() == {
        "CFLAGS": "-O2",
        "HOME": "/build",
        "JOBS": "4",
        "LC_ALL": "C",
        "PATH": "/path-not-set",
        "SOURCE_DATE_EPOCH": "1",
        "TEMP": "/tmp",
        "TEMPDIR": "/tmp",
        "TMP": "/tmp",
        "TMPDIR": "/tmp",
        "TZ": "UTC",
        "out": made.output_path("out").text,
    }


@pytest.mark.spec("sandbox-environment")
def test_with_a_root_file_system_its_programs_are_found() -> None:
    assert recipe(rootfs="root").environment()["PATH"].split(":")[1:3] == ["/usr/bin", "/bin"]
