"""The person's git settings decide how a source is reached."""

from __future__ import annotations

import pytest

from eka.atom import Aliases, SourceUrl, parse_source_url
from eka.git.settings import RemoteSettings, parse_settings, ssh_argv

NO_ALIASES = Aliases()


def url(text: str) -> SourceUrl:
    return parse_source_url(text, NO_ALIASES)


def test_settings_are_read_as_git_prints_them() -> None:
    output = (
        b"url.git@github.com:.insteadof\nhttps://github.com/\0"
        b"url.ssh://mirror/.insteadof\nhttps://\0"
        b"core.sshcommand\nssh -i key\0ssh.variant\nssh\0core.gitproxy\nproxy\0"
    )

    settings = parse_settings(output)

    assert settings == RemoteSettings(
        rewrites=(("https://github.com/", "git@github.com:"), ("https://", "ssh://mirror/")),
        ssh_command="ssh -i key",
        ssh_variant="ssh",
        has_git_proxy=True,
    )


def test_no_settings_are_no_settings() -> None:
    assert parse_settings(b"") == RemoteSettings()


def test_the_longest_prefix_rewrites() -> None:
    settings = RemoteSettings(
        rewrites=(("https://", "ssh://mirror/"), ("https://github.com/", "git@github.com:"))
    )

    assert settings.rewritten(url("https://github.com/o/r")) == url("ssh://git@github.com/o/r")
    assert settings.rewritten(url("https://example.org/r")) == url("ssh://mirror/example.org/r")


def test_what_no_rule_names_stays() -> None:
    plain = url("https://example.org/r")

    assert RemoteSettings(rewrites=(("http://", "x"),)).rewritten(plain) is plain


@pytest.mark.parametrize("replacement", ["ext::sh -c true ", "relative/path/", "foo::"])
def test_a_rewriting_that_eka_does_not_understand_is_left_to_git(replacement: str) -> None:
    settings = RemoteSettings(rewrites=(("https://", replacement),))

    assert settings.rewritten(url("https://example.org/r")) is None


@pytest.mark.parametrize(
    ("settings", "env", "expected"),
    [
        (RemoteSettings(), {}, ["ssh"]),
        (RemoteSettings(), {"GIT_SSH": "/opt/bin/ssh"}, ["/opt/bin/ssh"]),
        (
            RemoteSettings(ssh_command="ssh -i key"),
            {},
            ["sh", "-c", 'ssh -i key "$@"', "ssh -i key"],
        ),
        (
            RemoteSettings(ssh_command="ssh -i key"),
            {"GIT_SSH_COMMAND": "ssh -v"},
            ["sh", "-c", 'ssh -v "$@"', "ssh -v"],
        ),
        (RemoteSettings(), {"GIT_SSH": "wrapper", "GIT_SSH_VARIANT": "ssh"}, ["wrapper"]),
        (RemoteSettings(), {"GIT_SSH": "plink"}, None),
        (RemoteSettings(ssh_variant="putty"), {}, None),
        (RemoteSettings(), {"GIT_SSH_COMMAND": "'unclosed"}, None),
        (RemoteSettings(), {"GIT_SSH_COMMAND": ""}, None),
    ],
)
def test_the_persons_ssh_is_used_where_it_is_openssh(
    settings: RemoteSettings, env: dict[str, str], expected: list[str] | None
) -> None:
    assert ssh_argv(settings, env) == expected
