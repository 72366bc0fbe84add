"""``kho trust fetch``: revocation data from the hosts that the settings name."""

from __future__ import annotations

from importlib.metadata import version

from kho.cli.command import command, json_option
from kho.cli.exits import Exit
from kho.cli.output import print_json
from kho.cli.recovered import tell_recovered
from kho.cli.session import Session
from preservation.trust_fetching import NetworkOff, TrustFetch, fetch_trust
from preservation.trust_network import LimitedClient
from schemas.events import Agent


@command("fetch", code="CLI-TRUST-FETCH", printed=TrustFetch)
@json_option
def fetch(session: Session, as_json: bool) -> int:
    """Everything published about known certificates at named hosts is asked for, and kept."""
    network = session.settings.trust.network
    if not network.hosts:
        raise NetworkOff(where=session.settings.path)
    with session.repository() as archive, session.progress() as progress:
        tell_recovered(session, archive.prepare_to_write())
        agents = (Agent("Kho", "software", version("kho")), session.actor())
        done = fetch_trust(archive, LimitedClient(network), agents=agents, progress=progress)
    if as_json:
        print_json(done)
    else:
        _tell(session, done)
    return Exit.STORAGE if done.failed or done.state == "under_replicated" else Exit.DONE


def _tell(session: Session, done: TrustFetch) -> None:
    for one in done.fetched:
        code = "TRUST-FETCHED" if one.is_new else "TRUST-FETCHED-KNOWN"
        session.tell(code, url=one.url, digest=one.sha256[:16], bytes=one.bytes)
    for failed in done.failed:
        code = "TRUST-FETCH-REFUSED" if failed.refused else "TRUST-FETCH-FAILED"
        session.tell(code, url=failed.url, reason=failed.reason)
    for url in done.not_named:
        session.tell("TRUST-FETCH-NOT-NAMED", url=url)
    if done.aip_id:
        session.tell("TRUST-FETCH-STORED", aip_id=done.aip_id)
