"""A restore that breaks off leaves no half proof in the target."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from preservation.restore_proof import ProofWriter


def test_no_half_proof_is_left(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError),
        ProofWriter(tmp_path, [], "aip", datetime(2026, 1, 1, tzinfo=UTC)),
    ):
        raise RuntimeError
    assert not list(tmp_path.iterdir())
