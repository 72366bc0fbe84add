"""What was not intact is looked at once more, before anybody calls it damage.

A cable, a controller or a server that gives wrong bytes now and then is not a damaged file:
the second look tells the two apart, and a file that is whole after all is never overwritten.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from preservation.examine import Examined, Examiner
from schemas.digests import Algorithm
from schemas.nouns import Verdict
from storage_backends.interface import StorageBackend


@dataclass(frozen=True, slots=True)
class SecondLook:
    """What a file was found to be in the end; ``flaky`` when the two looks disagree about
    whether it is whole."""

    examined: Examined
    flaky: bool


def look_again(
    backend: StorageBackend,
    found: Sequence[Examined],
    examiner: Examiner,
    *,
    algorithm: Algorithm,
) -> Iterator[SecondLook]:
    """One answer for each of ``found``, none of which was intact.

    Bytes that could be read at last count more than those that could not; an examiner that
    does not answer leaves the first look standing.
    """
    if not found:
        return
    items = [one.item for one in found]
    again = {one.item.key: one for one in examiner(backend, items, algorithm=algorithm)}
    for first in found:
        second = again.get(first.item.key, first)
        if second.verdict is Verdict.INTACT:
            yield SecondLook(second, flaky=True)
        elif first.verdict is Verdict.UNREADABLE:
            yield SecondLook(second, flaky=False)
        else:
            yield SecondLook(first, flaky=False)
