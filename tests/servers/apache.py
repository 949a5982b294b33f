"""A real web server on the loopback interface: Apache with ``git http-backend``, or as a proxy.

``with serve(root) as apache`` serves the repositories below ``root`` at ``apache.url``;
``with serve_proxy() as proxy`` passes requests on. ``apache.requests()`` tells what was asked,
with the bytes of each request and answer as they went over the wire, headers included.
"""

from __future__ import annotations

import shutil
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.caged import caged_somewhere

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from tests.servers.authority import Authority

_MODULES = Path("/usr/lib/apache2/modules")
_GIT_MODULES = ("mpm_prefork", "authz_core", "alias", "cgi", "env", "setenvif", "headers")
_PROXY_MODULES = ("mpm_prefork", "authz_core", "proxy", "proxy_http", "proxy_connect")
_GUARD_MODULES = ("authn_core", "authn_file", "auth_basic", "authz_user")
_MARK = "/settled-"
_COMMON = """\
ServerName localhost
ServerRoot {home}
PidFile {home}/pid
ErrorLog {home}/errors
LogFormat "%m\\t%U%q\\t%>s\\t%I\\t%O\\t%{{Authorization}}i\\t%{{Proxy-Authorization}}i" all
CustomLog {home}/requests all
Listen 127.0.0.1:{port}
StartServers 4
MinSpareServers 2
MaxSpareServers 16
MaxKeepAliveRequests 0
LimitRequestBody 0
DocumentRoot {home}/nothing
"""
_GIT = """\
KeepAlive {keeps_alive}
SetEnv GIT_PROJECT_ROOT {root}
SetEnv GIT_HTTP_EXPORT_ALL 1
SetEnv GIT_CONFIG_NOSYSTEM 1
SetEnv HOME {home}
RedirectMatch 404 ^{mark}
ScriptAlias / {backend}/
<Directory {backend_dir}>
Options +ExecCGI
{access}
</Directory>
"""
_GUARD = """\
AuthType Basic
AuthName tests
AuthUserFile {users}
Require valid-user"""
_TLS = """\
SSLEngine On
SSLCertificateFile {certificate}
SSLCertificateKeyFile {key}
"""


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the access log."""

    method: str
    path: str
    """With the query; of a proxy's CONNECT, host and port."""
    status: int
    received_bytes: int
    """Of the request, with its headers."""
    sent_bytes: int
    """Of the answer, with its headers."""
    authorization: str
    """The header of that name; ``-`` without."""
    proxy_authorization: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """How a server serves."""

    tls: Authority | None = None
    """With it the server speaks https only."""
    credentials: tuple[str, str] | None = None
    """User and password it asks for (basic authentication)."""
    speaks_v2: bool = True
    """False: the client's wish for protocol 2 is taken away, as some proxies do."""
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """git's configuration on the server; ``http.receivepack`` is true unless it says other."""
    redirects: Mapping[str, str] = field(default_factory=dict[str, str])
    """Path prefix to URL: where requests are sent instead."""
    keeps_alive: bool = False
    """Whether connections stay open. Apache then looks at the next request only once it has seen
    the end of the program that answered the last one, for which it waits in steps of 47 ms (its
    ``APR_KILL_AFTER_TIMEOUT``); servers of other makes do not."""


class Apache:
    """A running server."""

    def __init__(self, home: Path, port: int, *, scheme: str = "http") -> None:
        self.home = home
        self.port = port
        self.url = f"{scheme}://127.0.0.1:{port}"
        """Without a final slash."""
        self._marks = 0

    def requests(self) -> Sequence[Request]:
        """Return what was asked so far, in the order in which answers ended."""
        self._settle()
        lines = (self.home / "requests").read_text().splitlines()
        return [request for request in map(_parsed, lines) if _MARK not in request.path]

    def sent_bytes(self) -> int:
        """How much all answers held together, headers included."""
        return sum(request.sent_bytes for request in self.requests())

    def errors(self) -> str:
        """Return what the server complains of."""
        return (self.home / "errors").read_text(errors="replace")

    def _settle(self) -> None:
        """Wait until the log has caught up: a line is written after its answer was sent."""
        self._marks += 1
        mark = f"{_MARK}{self._marks}"
        url = f"{self.url}{mark}"
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=_trusting())
        )
        try:
            opener.open(url, timeout=10).close()
        except urllib.error.HTTPError as refusal:
            refusal.close()
        deadline = time.monotonic() + 10
        while mark not in (self.home / "requests").read_text():
            assert time.monotonic() < deadline, "Apache writes no log"
            time.sleep(0.005)


@contextmanager
def serve(root: Path, site: Site | None = None) -> Generator[Apache]:
    """Serve the repositories below ``root`` until the block ends."""
    site = site or Site()
    with _home() as home:
        text = partial(_git_text, root.resolve(), site, home)
        with caged_somewhere(partial(_configured, home, text), home) as port:
            yield Apache(home, port, scheme="https" if site.tls else "http")


@contextmanager
def serve_proxy(credentials: tuple[str, str] | None = None) -> Generator[Apache]:
    """Be a forward proxy, for http and (by CONNECT, to any port) https."""
    with _home() as home:
        text = partial(_proxy_text, credentials, home)
        with caged_somewhere(partial(_configured, home, text), home) as port:
            yield Apache(home, port)


@contextmanager
def _home() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="apache-", ignore_cleanup_errors=True) as home:
        (Path(home) / "nothing").mkdir()
        yield Path(home)


def _configured(home: Path, text: partial[str], port: int) -> list[str]:
    (home / "apache.conf").write_text(_COMMON.format(home=home, port=port) + text())
    program = shutil.which("apache2", path="/usr/sbin:/usr/bin")
    assert program is not None, "the tests need apache2-bin"
    return [program, "-f", str(home / "apache.conf"), "-DFOREGROUND"]


def _git_text(root: Path, site: Site, home: Path) -> str:
    backend = Path(_output("git", "--exec-path")) / "git-http-backend"
    modules = [*_GIT_MODULES, *(_GUARD_MODULES if site.credentials else ())]
    access = "Require all granted"
    if site.credentials is not None:
        access = _guard(home, site.credentials)
    settings = {"http.receivepack": "true", **site.settings}
    text = _modules([*modules, *(["ssl"] if site.tls else [])])
    # The longest prefix first, and before the alias that takes everything.
    for prefix, url in sorted(site.redirects.items(), reverse=True):
        text += f'Redirect 302 "{prefix}" "{url}"\n'
    text += _GIT.format(
        root=root,
        home=home,
        keeps_alive="On" if site.keeps_alive else "Off",
        mark=_MARK,
        backend=backend,
        backend_dir=backend.parent,
        access=access,
    )
    text += f"SetEnv GIT_CONFIG_COUNT {len(settings)}\n"
    for number, (key, value) in enumerate(settings.items()):
        text += (
            f'SetEnv GIT_CONFIG_KEY_{number} "{key}"\nSetEnv GIT_CONFIG_VALUE_{number} "{value}"\n'
        )
    if not site.speaks_v2:
        text += "RequestHeader unset Git-Protocol early\n"
    if site.tls is not None:
        text += _TLS.format(certificate=site.tls.certificate, key=site.tls.key)
    return text


def _proxy_text(credentials: tuple[str, str] | None, home: Path) -> str:
    text = _modules([*_PROXY_MODULES, *(_GUARD_MODULES if credentials else ())])
    access = _guard(home, credentials) if credentials else "Require all granted"
    return f"{text}ProxyRequests On\nAllowCONNECT 1-65535\n<Proxy *>\n{access}\n</Proxy>\n"


def _modules(names: Sequence[str]) -> str:
    return "".join(f"LoadModule {name}_module {_MODULES}/mod_{name}.so\n" for name in names)


def _guard(home: Path, credentials: tuple[str, str]) -> str:
    user, password = credentials
    digest = _output("openssl", "passwd", "-apr1", password)
    (home / "users").write_text(f"{user}:{digest}\n")
    return _GUARD.format(users=home / "users")


def _output(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _parsed(line: str) -> Request:
    method, path, status, received, sent, authorization, proxy_authorization = line.split("\t")
    return Request(
        method, path, int(status), int(received), int(sent), authorization, proxy_authorization
    )
