"""What ``scripts/acceptance audit-files`` shows for a million files, for a few thousand."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from kit.archives import TickingClock
from kit.synthetic import MadeUpStore, make_synthetic
from preservation.accounted import KeySet
from preservation.audit_items import AuditScope
from preservation.fixity import WINDOW_FILES, audit
from preservation.supervise import CANARIES_PER_WINDOW
from repository.archive import Repository
from repository.canaries import PERMANENT

EVERYTHING = AuditScope(everything=True)


def audited(folder: Path, files: int) -> tuple[MadeUpStore, int, int]:
    """The store, how often it was opened by one audit, and the audit's peak of memory."""
    clock = TickingClock()
    settings, store = make_synthetic(folder, files=files, now=clock)
    with Repository.open(settings, backends={store.name: store}, now=clock) as archive:
        audit(archive, AuditScope(limit_bytes=1), seed=1)  # what is loaded once is loaded
        before = store.opened
        tracemalloc.start()
        result = audit(archive, EVERYTHING, seed=2)
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert result.is_trustworthy
    assert not result.found_damage
    assert result.files == files + 6
    return store, store.opened - before, peak


def test_every_file_is_read_once_and_memory_does_not_grow_with_their_number(
    tmp_path: Path,
) -> None:
    small, large = 4_000, 10_000
    _store, opened_small, peak_small = audited(tmp_path / "small", small)
    _store, opened_large, peak_large = audited(tmp_path / "large", large)
    for files, opened in ((small, opened_small), (large, opened_large)):
        windows = (files + 6) // WINDOW_FILES + 1
        beside = len(PERMANENT) + windows * CANARIES_PER_WINDOW
        assert opened <= files + 6 + beside
    # A million more would cost less than 100 MB more; the keys alone are 8 bytes each.
    assert (peak_large - peak_small) / (large - small) < 100


def test_a_key_that_is_accounted_for_costs_eight_bytes() -> None:
    keys = KeySet(f"ocfl/{number}" for number in range(1_000))
    assert all(f"ocfl/{number}" in keys for number in range(1_000))
    assert not any(f"ocfl/{number}" in keys for number in range(1_000, 3_000))
    assert keys.size_bytes == 8 * len(keys) == 8_000
