"""Out of all revocation data ever imported, the little that can matter to one judgement.

An archive keeps every CRL for ever, and path validation looks at each list it is given; so it
is given those of the issuers in question, around the moment in question.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from preservation.signatures.material import Material

_EACH_SIDE = 3
"""How many lists of one issuer and scope are kept before the moment, and after a proven one."""

DELTA = b"delta"


@dataclass
class RevocationIndex:
    """Revocation data by issuer and by serial number."""

    crls: dict[str, dict[bytes, list[tuple[datetime, Any]]]] = field(default_factory=dict)
    """By issuer name and distribution point, oldest first."""
    ocsps: dict[int, list[Any]] = field(default_factory=dict)
    authorities: dict[str, set[tuple[str, int]]] = field(default_factory=dict)
    """Issuer and serial number of every known certificate, by its subject."""


def index_of(material: Material) -> RevocationIndex:
    """The index of one snapshot's material; made once."""
    index = RevocationIndex()
    for container in material.crls:
        content = container.crl_data["tbs_cert_list"]
        by_scope = index.crls.setdefault(content["issuer"].hashable, {})
        dated = by_scope.setdefault(scope_of(content["crl_extensions"]), [])
        dated.append((content["this_update"].native, container))
    for scopes in index.crls.values():
        for dated in scopes.values():
            dated.sort(key=lambda entry: entry[0])
    for response in material.ocsps:
        single = response.extract_single_response()
        if single is not None:
            serial = single["cert_id"]["serial_number"].native
            index.ocsps.setdefault(serial, []).append(response)
    for certificate in (*material.anchors, *material.intermediates):
        known = index.authorities.setdefault(certificate.subject.hashable, set())
        known.add((certificate.issuer.hashable, certificate.serial_number))
    return index


def scope_of(extensions: Any) -> bytes:
    """What part of the issuer's certificates a list tells of; a delta list is a kind apart, or
    many small ones would keep the full list from being looked at."""
    scope = delta = b""
    for extension in extensions or ():
        if extension["extn_id"].native == "issuing_distribution_point":
            scope = bytes(extension["extn_value"].dump())
        elif extension["extn_id"].native == "delta_crl_indicator":
            delta = DELTA
    return scope + delta


def relevant(
    material: Material,
    certificates: Iterable[Any],
    moment: datetime,
    *,
    until: datetime | None = None,
) -> Material:
    """The material with the revocation data that can matter to ``certificates`` at ``moment``.

    ``until`` is set for a proven moment: later data counts too, but none issued after
    ``until``, when the certificate ended; an authority may drop it from its lists by then
    (RFC 5280 §3.3), so their silence proves nothing.
    """
    names, serials = _closure(material.index, certificates)
    crls = [
        container
        for name in names
        for dated in material.index.crls.get(name, {}).values()
        for container in _around(dated, moment, until)
    ]
    ocsps = [one for serial in serials for one in material.index.ocsps.get(serial, [])]
    return replace(material, crls=crls, ocsps=ocsps)


def next_list(
    index: RevocationIndex, issuers: Iterable[str], moment: datetime
) -> Iterator[datetime]:
    """When the next list of each issuer that is already at hand begins to count."""
    for name in issuers:
        for dated in index.crls.get(name, {}).values():
            place = bisect_right(dated, moment, key=lambda entry: entry[0])
            if place < len(dated):
                yield dated[place][0]


def _closure(index: RevocationIndex, certificates: Iterable[Any]) -> tuple[set[str], set[int]]:
    """Issuers and serial numbers of the certificates and of all their known authorities."""
    names: set[str] = set()
    serials: set[int] = set()
    waiting = []
    for certificate in certificates:
        serials.add(certificate.serial_number)
        waiting.append(certificate.issuer.hashable)
    while waiting:
        name = waiting.pop()
        if name in names:
            continue
        names.add(name)
        for issuer, serial in index.authorities.get(name, ()):
            serials.add(serial)
            waiting.append(issuer)
    return names, serials


def _around(
    dated: list[tuple[datetime, Any]], moment: datetime, until: datetime | None
) -> list[Any]:
    place = bisect_right(dated, moment, key=lambda entry: entry[0])
    chosen = dated[max(0, place - _EACH_SIDE) : place]
    if until is not None:
        chosen = chosen + dated[place : place + _EACH_SIDE]
        chosen = [entry for entry in chosen if entry[0] <= until]
    return [container for _, container in chosen]
