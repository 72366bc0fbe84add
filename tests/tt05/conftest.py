"""One archive for the tests of a module; each package they hand in has its own OBJID."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kit.tt05_reception import Reception, open_reception


@pytest.fixture(scope="module")
def reception(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reception]:
    with open_reception(tmp_path_factory.mktemp("reception")) as opened:
        yield opened
