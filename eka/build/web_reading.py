"""Files of the web that are read to learn what they are, before any hash of them is known.

So what carries them matters: an address that is https leads to https only.
"""

from __future__ import annotations

import http.client

from eka.build.web import Web, checked
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CHUNK_BYTES = 256 * 1024
SILENCE_S = 60.0
_OK = 200
_ABSENT = frozenset({404, 410})


def read_web(url: str, env: Mapping[str, str], *, accept: str = "") -> Iterator[bytes]:
    """Yield the body of a URL in chunks.

    Args:
        url: http or https, without user and password.
        env: Where the proxy settings are read from.
        accept: Which form of it is wanted, as the header of this name has it.

    Raises:
        FileNotFoundError: the server says that there is no such thing.
        OSError: anything else: the address, a redirect to another scheme, the network.

    Source: atom-spec/direct.md [direct-schemes].
    """
    try:
        is_secret = checked(url).scheme == "https"
        with Web(env, SILENCE_S).open(url, accept=accept, https_only=is_secret) as response:
            if response.status in _ABSENT:
                raise FileNotFoundError(f"HTTP {response.status} {response.reason}")
            if response.status != _OK:
                raise OSError(f"HTTP {response.status} {response.reason}")
            received = 0
            while chunk := response.read(CHUNK_BYTES):
                received += len(chunk)
                yield chunk
            if response.length:
                raise OSError(f"the answer ended after {received} bytes")
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(str(error) or type(error).__name__) from error
