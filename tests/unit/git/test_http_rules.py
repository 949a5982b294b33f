"""What the person's settings say about HTTP to one server."""

from __future__ import annotations

from base64 import b64decode

import pytest

from eka.atom import Aliases, SourceUrl, parse_source_url
from eka.git.http_client import HttpClient, Request
from eka.git.http_match import UrlPattern
from eka.git.http_proxy import Proxy, proxy_for
from eka.git.http_rules import Follow, HttpRules, OnlyGitKnows, http_rules
from eka.git.push_settings import PushSettings, parse_push_settings

HERE = parse_source_url("https://git.example.org/team/core", Aliases({}))
HOME = {"HOME": "/people/ann"}


def url(text: str) -> SourceUrl:
    return parse_source_url(text, Aliases({}))


def rules(*entries: tuple[str, str | None], **env: str) -> HttpRules:
    return http_rules(entries, {**HOME, **env}, HERE)


def test_without_settings_git_s_defaults_hold() -> None:
    assert rules() == HttpRules()
    assert HttpRules().verifies
    assert HttpRules().follow is Follow.INITIAL


@pytest.mark.spec("push-http-rules")
def test_settings_are_taken_over() -> None:
    found = rules(
        ("http.sslcainfo", "~/ca.pem"),
        ("http.sslcapath", "/etc/ca"),
        ("http.sslcert", "/c"),
        ("http.sslkey", "/k"),
        ("http.proxy", "http://proxy:3128"),
        ("http.extraheader", "X-One: 1"),
        ("http.extraheader", "X-Two: 2"),
        ("http.useragent", "me"),
        ("http.followredirects", "false"),
        ("http.postbuffer", "1048576"),
        ("url.x.insteadof", "y"),
    )

    assert found == HttpRules(
        ca_file="/people/ann/ca.pem",
        ca_directory="/etc/ca",
        cert_file="/c",
        key_file="/k",
        proxy="http://proxy:3128",
        headers=("X-One: 1", "X-Two: 2"),
        user_agent="me",
        follow=Follow.NEVER,
    )


@pytest.mark.spec("push-http-rules")
def test_variables_go_before_settings() -> None:
    found = rules(("http.sslcainfo", "/setting"), GIT_SSL_CAINFO="/variable", GIT_SSL_NO_VERIFY="")

    assert (found.ca_file, found.verifies) == ("/variable", False)


@pytest.mark.spec("push-http-rules")
@pytest.mark.parametrize(
    ("value", "verifies"),
    [(None, True), ("true", True), ("On", True), ("1", True), ("", False), ("no", False)],
)
def test_truth_is_written_as_git_reads_it(value: str | None, *, verifies: bool) -> None:
    found = rules(("http.sslverify", value))

    assert (found.verifies, found.obstacle) == (verifies, "")


def test_what_is_neither_true_nor_false_is_left_to_git() -> None:
    assert rules(("http.sslverify", "maybe")).obstacle == "sslverify"
    assert rules(("http.followredirects", "sometimes")).obstacle == "followredirects"


@pytest.mark.spec("push-http-rules")
def test_an_empty_header_takes_back_those_before_it() -> None:
    headers = [("http.extraheader", value) for value in ("A: 1", "", "B: 2")]

    assert rules(*headers).headers == ("B: 2",)


@pytest.mark.spec("push-left-to-git")
@pytest.mark.parametrize(
    "key",
    [
        "cookiefile",
        "emptyauth",
        "delegation",
        "pinnedpubkey",
        "proxyauthmethod",
        "proxysslcert",
        "sslcertpasswordprotected",
        "sslcipherlist",
        "sslversion",
        "somethingnew",
    ],
)
def test_a_setting_that_is_not_understood_is_left_to_git(key: str) -> None:
    assert rules((f"http.{key}", "x")).obstacle == key
    assert rules((f"http.https://elsewhere/.{key}", "x")).obstacle == ""


@pytest.mark.spec("push-left-to-git")
def test_paths_that_only_git_can_expand_are_left_to_git() -> None:
    assert rules(("http.sslcainfo", "~bob/ca.pem")).obstacle == "sslcainfo"
    assert rules(("http.sslkey", "%(prefix)/key")).obstacle == "sslkey"
    protected = {"GIT_SSL_CERT_PASSWORD_PROTECTED": "1"}
    assert rules(**protected).obstacle == "sslcertpasswordprotected"


@pytest.mark.spec("push-http-rules")
@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("https://git.example.org/team/core", True),
        ("https://git.example.org/team", True),
        ("https://git.example.org/team/", True),
        ("https://git.example.org", True),
        ("https://GIT.example.org/", True),
        ("https://git.example.org:443/", True),
        ("https://*.example.org/", True),
        ("https://git.*.org/", True),
        ("https://git.example.org/te", False),
        ("https://git.example.org/team/core2", False),
        ("https://git.example.org/Team", False),
        ("https://example.org/", False),
        ("https://*.org/", False),
        ("https://git.example.org:8443/", False),
        ("http://git.example.org/", False),
        ("https://ann@git.example.org/", False),
        ("git.example.org", False),
        ("https://[half/", False),
        ("https://git.example.org:x/", False),
    ],
)
def test_a_setting_is_about_the_urls_below_its_own(pattern: str, *, matches: bool) -> None:
    found = UrlPattern.parse(pattern)

    assert (found is not None and found.match(HERE) is not None) is matches


def test_a_pattern_with_a_user_is_about_that_user() -> None:
    pattern = UrlPattern.parse("https://ann@git.example.org/")

    assert pattern is not None
    assert pattern.match(url("https://ann@git.example.org/team/core")) is not None
    assert pattern.match(url("https://bob@git.example.org/team/core")) is None


@pytest.mark.spec("push-http-rules")
def test_the_best_match_counts_wherever_it_stands() -> None:
    found = rules(
        ("http.https://git.example.org/team.proxy", "best"),
        ("http.https://git.example.org.proxy", "good"),
        ("http.https://*.example.org/team/core.proxy", "long path"),
        ("http.proxy", "any"),
        ("http.https://git.example.org.useragent", "first"),
        ("http.https://git.example.org.useragent", "last"),
    )

    assert (found.proxy, found.user_agent) == ("best", "last")


@pytest.mark.spec("push-http-rules")
@pytest.mark.parametrize(
    ("setting", "env", "expected"),
    [
        (None, {}, None),
        (None, {"https_proxy": "http://p:1"}, Proxy("p", 1)),
        (None, {"HTTPS_PROXY": "p:1"}, Proxy("p", 1)),
        (None, {"all_proxy": "p"}, Proxy("p", 1080)),
        (None, {"http_proxy": "p:1"}, None),
        (None, {"https_proxy": "http://a:b%20c@p:1"}, Proxy("p", 1, "a", "b c")),
        ("http://q:2", {"https_proxy": "http://p:1"}, Proxy("q", 2)),
        ("", {"https_proxy": "http://p:1"}, None),
        ("q:2", {"no_proxy": "git.example.org"}, None),
        ("q:2", {"NO_PROXY": "other, .example.org"}, None),
        ("q:2", {"no_proxy": "example.org"}, None),
        ("q:2", {"no_proxy": "*"}, None),
        ("q:2", {"no_proxy": "ample.org,git"}, Proxy("q", 2)),
    ],
)
def test_the_proxy_is_the_one_git_would_use(
    setting: str | None, env: dict[str, str], expected: Proxy | None
) -> None:
    assert proxy_for(HERE, HttpRules(proxy=setting), env) == expected


def test_a_program_called_by_a_web_server_is_not_led_astray() -> None:
    assert proxy_for(url("http://host/set"), HttpRules(), {"HTTP_PROXY": "http://evil:1"}) is None


@pytest.mark.spec("push-left-to-git")
@pytest.mark.parametrize(
    ("setting", "env"),
    [
        ("socks5://p:1", {}),
        ("https://p:1", {}),
        ("http://ann@p:1", {}),
        ("http://p:port", {}),
        ("http://", {}),
        ("http://p:1", {"no_proxy": "10.0.0.0/8"}),
    ],
)
def test_other_proxies_are_left_to_git(setting: str, env: dict[str, str]) -> None:
    with pytest.raises(OnlyGitKnows):
        proxy_for(HERE, HttpRules(proxy=setting), env)


def test_a_proxy_s_password_goes_into_a_header() -> None:
    assert b64decode(Proxy("p", 1, "ann", "s3:cret").token or "") == b"ann:s3:cret"
    assert Proxy("p", 1).token is None


@pytest.mark.spec("push-left-to-git")
@pytest.mark.parametrize(
    "strange", [HttpRules(ca_file="/nowhere/at/all"), HttpRules(cert_file="/nowhere/at/all")]
)
def test_files_that_cannot_be_read_are_for_git_to_judge(strange: HttpRules) -> None:
    client = HttpClient(HERE, strange, None)

    with pytest.raises(OnlyGitKnows):
        client.send(Request(method="GET", target="/", headers={}))


@pytest.mark.spec("push-http-rules")
def test_pushes_are_rewritten_by_their_own_rule_first() -> None:
    settings = parse_push_settings(
        b"url.ssh://push.example.org/.pushinsteadof\nhttps://git.example.org/\0"
        b"url.https://mirror.example.org/.insteadof\nhttps://git.example.org/team/\0"
        b"url.https://other.example.org/.insteadof\nhttps://other/\0"
        b"http.sslverify\0"
    )

    assert settings.rewritten(HERE) == url("ssh://push.example.org/team/core")
    assert settings.rewritten(url("https://other/x")) == url("https://other.example.org/x")
    assert settings.rewritten(url("https://third/x")) == url("https://third/x")
    assert settings.entries[-1] == ("http.sslverify", None)


@pytest.mark.spec("push-left-to-git")
def test_rewriting_to_what_only_git_understands_is_left_to_git() -> None:
    settings = PushSettings((("url.ext::sh -c x .insteadof", "https://"),))

    assert settings.rewritten(HERE) is None


@pytest.mark.spec("push-left-to-git")
@pytest.mark.parametrize(
    ("entry", "allows"),
    [
        (("protocol.https.allow", "never"), False),
        (("protocol.allow", "user"), False),
        (("protocol.https.allow", "always"), True),
        (("protocol.ssh.allow", "never"), True),
        (("protocol.version", "2"), True),
    ],
)
def test_protocols_that_are_spoken_of_are_left_to_git(
    entry: tuple[str, str], *, allows: bool
) -> None:
    assert PushSettings((entry,)).allows("https") is allows
