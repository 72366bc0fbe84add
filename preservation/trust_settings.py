"""Settings of trust material: which hosts may be asked for revocation data, if any."""

from __future__ import annotations

from typing import Annotated

import msgspec


class TrustNetwork(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[trust.network]``: nothing is ever fetched unless hosts are named here."""

    hosts: tuple[str, ...] = ()
    """Hosts that `kho trust fetch` may ask for revocation lists and OCSP responses, exactly as
    certificates name them (`crl.example.vn`, or `crl.example.vn:8080`). Empty: no network."""
    max_bytes: Annotated[int, msgspec.Meta(ge=1)] = 64 * 1024**2
    """A longer answer is cut off and refused."""
    timeout_s: Annotated[int, msgspec.Meta(ge=1)] = 30
    """A question with all its redirects takes no longer than this, in seconds."""
    max_redirects: Annotated[int, msgspec.Meta(ge=0)] = 3
    """More redirects than this are refused; each must lead to a host that is named."""


class TrustSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[trust]``: trust material."""

    network: TrustNetwork = TrustNetwork()
