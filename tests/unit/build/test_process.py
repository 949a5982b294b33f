from __future__ import annotations

import pytest

from eka.build.process import number_told


@pytest.mark.parametrize("last", [b"", b"{", b'{ "exit-code": 1', b'{ "exit-code": 1 }'])
def test_a_line_that_bubblewrap_did_not_end_says_nothing(last: bytes) -> None:
    said = b'{ "child-pid": 12, "net-namespace": 4026532000 }\n' + last

    assert number_told(said, "child-pid") == 12
    assert number_told(said, "exit-code") is None
    assert number_told(b'{ "exit-code": 1 }\n', "exit-code") == 1
