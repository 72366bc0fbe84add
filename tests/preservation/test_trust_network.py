"""The one way out: named hosts, public addresses, bounded answers; by default nothing at all."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kit.archives import TestBed
from kit.network import Gate
from kit.pki import NOW, pki
from kit.signed_archives import AGENTS, dated_bed, import_roots, receive
from kit.signed_pdfs import signed_pdf
from kit.tls import make_tls
from preservation.signature_audit import SignatureScope, audit_signatures
from preservation.trust_fetching import TrustFetch, fetch_trust
from preservation.trust_keeping import kept_trust
from preservation.trust_network import (
    FetchFailed,
    FetchRefused,
    LimitedClient,
    is_public,
    system_addresses,
)
from preservation.trust_settings import TrustNetwork

Reply = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """A real server on this machine; ``pages`` by path, ``asked`` in order."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.pages: dict[str, Reply] = {}
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(f"{self.command} {self.headers['Host']}{self.path}")
                site.pages.get(self.path, _missing)(self)

            do_POST = do_GET  # noqa: N815  the library's name

            def log_message(self, *_said: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # A client that turns away is no news.
        self.server.handle_error = lambda *_request: None  # type: ignore[method-assign]
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def _missing(request: BaseHTTPRequestHandler) -> None:
    request.send_error(404)


def page(content: bytes, **headers: str) -> Reply:
    def reply(request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("Content-Length", 0))
        request.rfile.read(length)
        request.send_response(200)
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in ({"Content-Length": str(len(content))} | told).items():
            if value:
                request.send_header(name, value)
        request.end_headers()
        request.wfile.write(content)

    return reply


def moved(target: str) -> Reply:
    def reply(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", target)
        request.end_headers()

    return reply


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


def client(
    site: Site, *hosts: str, tls: ssl.SSLContext | None = None, **settings: int
) -> LimitedClient:
    """Every name leads to the site, and its address counts as public."""
    network = TrustNetwork(hosts=hosts or ("crl.example.vn",), **settings)
    return LimitedClient(
        network,
        resolve=lambda _host, _port: [("127.0.0.1", site.port)],
        permitted=lambda address: address == "127.0.0.1",
        tls=tls,
    )


@contextmanager
def site_over_tls(folder: Path, *certified: str) -> Iterator[tuple[Site, ssl.SSLContext]]:
    """A site whose certificate is for these names, and what vouches for that certificate."""
    context, trusted = make_tls(folder, *certified)
    site = Site(context)
    site.pages["/a.crl"] = page(b"list")
    try:
        yield site, ssl.create_default_context(cafile=str(trusted))
    finally:
        site.close()


@pytest.mark.loopback
def test_over_tls_the_host_answers_by_the_name_its_certificate_is_for(tmp_path: Path) -> None:
    with site_over_tls(tmp_path, "crl.example.vn") as (site, vouching):
        answer = client(site, tls=vouching).fetch("https://crl.example.vn/a.crl")
        assert answer.content == b"list"
        assert site.asked == ["GET crl.example.vn/a.crl"]


@pytest.mark.loopback
@pytest.mark.parametrize("certified", ["other.example.vn", "example.vn", "sub.crl.example.vn"])
def test_a_certificate_for_another_name_is_refused_before_anything_is_asked(
    tmp_path: Path, certified: str
) -> None:
    with site_over_tls(tmp_path, certified) as (site, vouching):
        with pytest.raises(FetchFailed, match="CERTIFICATE_VERIFY_FAILED"):
            client(site, tls=vouching).fetch("https://crl.example.vn/a.crl")
        assert site.asked == []


@pytest.mark.loopback
def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with site_over_tls(tmp_path, "crl.example.vn") as (site, _vouching):
        with pytest.raises(FetchFailed, match="CERTIFICATE_VERIFY_FAILED"):
            client(site).fetch("https://crl.example.vn/a.crl")
        assert site.asked == []


@pytest.mark.loopback
def test_a_redirect_from_https_to_http_is_refused(tmp_path: Path) -> None:
    with site_over_tls(tmp_path, "crl.example.vn") as (site, vouching):
        site.pages["/open"] = moved("http://crl.example.vn/a.crl")
        with pytest.raises(FetchRefused, match="away from https"):
            client(site, tls=vouching).fetch("https://crl.example.vn/open")
        assert len(site.asked) == 1


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "2002:c0a8:101::1",
        "2001:0:7f00:1::1",
        "no address",
    ],
)
def test_addresses_of_this_machine_and_network_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["203.162.4.190", "8.8.8.8", "2606:4700::1111"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.loopback
def test_a_named_host_is_asked_and_nothing_is_added_to_the_question(site: Site) -> None:
    site.pages["/a.crl?x=1"] = page(b"list")
    answer = client(site).fetch("http://crl.example.vn/a.crl?x=1")
    assert answer.content == b"list"
    assert site.asked == ["GET crl.example.vn/a.crl?x=1"]


@pytest.mark.loopback
@pytest.mark.parametrize(
    "url",
    [
        "http://other.example.vn/a",
        "http://crl.example.vn.evil.example/a",
        "http://sub.crl.example.vn/a",
        "http://crl.example.vn:8080/a",
        "http://crl.example.vn@other.example.vn/a",
        "http://user:word@crl.example.vn/a",
        "ftp://crl.example.vn/a",
        "file:///etc/passwd",
        "ldap://crl.example.vn/a",
        "//crl.example.vn/a",
        "http://crl.example.vn:99999/a",
        "http://crl.example.vn/a\r\nX-Evil: 1",
        "http://[::1]/a",
        "",
    ],
)
def test_nothing_else_is_asked(site: Site, url: str) -> None:
    ours = client(site)
    assert not ours.may_ask(url)
    with pytest.raises(FetchRefused):
        ours.fetch(url)
    assert not site.asked


@pytest.mark.loopback
@pytest.mark.parametrize("inside", ["10.0.0.7", "127.0.0.1", "169.254.169.254", "::1"])
def test_a_name_that_leads_inside_is_refused_even_beside_a_public_address(
    site: Site, inside: str
) -> None:
    network = TrustNetwork(hosts=("crl.example.vn",))
    ours = LimitedClient(
        network, resolve=lambda _host, port: [("203.162.4.190", port), (inside, port)]
    )
    with pytest.raises(FetchRefused, match="may not be asked"):
        ours.fetch("http://crl.example.vn/a")
    assert not site.asked


@pytest.mark.loopback
def test_a_name_is_looked_up_once_and_that_very_address_is_asked(site: Site) -> None:
    site.pages["/a"] = page(b"list")
    answers = [[("127.0.0.1", site.port)], [("10.0.0.7", 80)]]
    ours = LimitedClient(
        TrustNetwork(hosts=("crl.example.vn",)),
        resolve=lambda _host, _port: answers.pop(0),
        permitted=lambda address: address == "127.0.0.1",
    )
    assert ours.fetch("http://crl.example.vn/a").content == b"list"
    assert len(answers) == 1, "bound to another address meanwhile, and never asked again"


@pytest.mark.loopback
def test_a_redirect_is_checked_like_a_first_question(site: Site) -> None:
    site.pages |= {
        "/near": moved("/a"),
        "/a": page(b"list"),
        "/far": moved("http://other.example.vn/a"),
        "/file": moved("file:///etc/passwd"),
        "/inside": moved("http://inside.example.vn/a"),
        "/round": moved("/round"),
    }
    ours = client(site)
    assert ours.fetch("http://crl.example.vn/near").url == "http://crl.example.vn/a"
    for path in ("/far", "/file", "/round"):
        with pytest.raises(FetchRefused):
            ours.fetch(f"http://crl.example.vn{path}")
    assert sum("/round" in asked for asked in site.asked) == 4
    places = {"crl.example.vn": "127.0.0.1", "inside.example.vn": "10.0.0.7"}
    named = LimitedClient(
        TrustNetwork(hosts=tuple(places)),
        resolve=lambda host, _port: [(places[host], site.port)],
        permitted=lambda address: address == "127.0.0.1",
    )
    with pytest.raises(FetchRefused, match=r"10\.0\.0\.7"):
        named.fetch("http://crl.example.vn/inside")


@pytest.mark.loopback
def test_an_answer_that_is_too_long_is_cut_off(site: Site) -> None:
    site.pages["/stated"] = page(b"x" * 10, Content_Length="999999999")
    site.pages["/endless"] = page(b"x" * 300_000, Content_Length="", Connection="close")
    ours = client(site, max_bytes=100_000)
    for path in ("/stated", "/endless"):
        with pytest.raises(FetchRefused, match="100000"):
            ours.fetch(f"http://crl.example.vn{path}")
    site.pages["/odd"] = page(b"x" * 10, Content_Length="10, 10")
    with pytest.raises(FetchRefused, match="length"):
        ours.fetch("http://crl.example.vn/odd")


@pytest.mark.loopback
def test_an_answer_that_ends_early_or_is_an_error_is_none(site: Site) -> None:
    site.pages["/short"] = page(b"x" * 10, Content_Length="20")
    for path in ("/short", "/nothing"):
        with pytest.raises(FetchFailed):
            client(site).fetch(f"http://crl.example.vn{path}")


@pytest.mark.loopback
def test_a_host_that_drips_is_left_when_the_time_is_up(site: Site) -> None:
    release = threading.Event()

    def drip(request: BaseHTTPRequestHandler) -> None:
        # Each drop would start an ordinary time limit anew.
        request.wfile.write(b"HTTP/1.0 200 OK\r\n")
        while not release.wait(0.05):
            request.wfile.write(b"X-Drop: 1\r\n")

    site.pages["/drip"] = drip
    try:
        with pytest.raises(FetchFailed):
            client(site, timeout_s=1).fetch("http://crl.example.vn/drip")
    finally:
        release.set()


@pytest.mark.loopback
def test_proxies_of_the_environment_are_not_used(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.pages["/a"] = page(b"list")
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert client(site).fetch("http://crl.example.vn/a").content == b"list"


def test_the_systems_resolver_is_what_is_asked_in_earnest(gate: Gate) -> None:
    with pytest.raises(Exception, match="tests have no network"):
        system_addresses("crl.example.vn", 80)
    assert gate.take_refused() == ["socket.getaddrinfo 'crl.example.vn'"]


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    """An archive that knows the root and, from a verdict, a signer; no list yet."""
    made = dated_bed(tmp_path / "archive")
    with made.open() as archive:
        import_roots(archive, tmp_path, "root", "sub")
        receipt = receive(archive, tmp_path / "nop", {b"a.pdf": signed_pdf("leader")})
        assert receipt.warnings
    return made


def run(bed: TestBed, ours: LimitedClient) -> TrustFetch:
    with bed.open() as archive:
        return fetch_trust(archive, ours, agents=AGENTS)


@pytest.mark.loopback
def test_what_authorities_publish_becomes_trust_material_once(bed: TestBed, site: Site) -> None:
    for issuer in ("root", "sub"):
        site.pages[f"/thu/crls/{issuer}/latest.crl"] = page(pki().crl(issuer, NOW))
    site.pages["/thu/ocsp/sub"] = page(pki().ocsp("leader", NOW))
    ours = client(site, "ca.example.com")
    done = run(bed, ours)
    assert [(one.role, one.is_new) for one in done.fetched] == [
        ("crl", True),
        ("crl", True),
        ("ocsp", True),
    ]
    assert site.asked[-1] == "POST ca.example.com/thu/ocsp/sub"
    assert (done.failed, done.state) == ((), "stored")
    with bed.open() as archive:
        assert audit_signatures(archive, SignatureScope(), agents=AGENTS, workers=1).better == 1
        again = fetch_trust(archive, ours, agents=AGENTS)
        assert not any(one.is_new for one in again.fetched)
        assert not again.aip_id
        kept = [str(one.file.role) for one in kept_trust(archive)]
        assert (kept.count("crl"), kept.count("ocsp")) == (2, 1)


@pytest.mark.loopback
def test_what_no_known_authority_signed_is_not_kept(bed: TestBed, site: Site) -> None:
    forged = bytearray(pki().crl("root", NOW))
    forged[-1] ^= 1
    foreign = pki().ocsp("organ", NOW)
    for content in (bytes(forged), pki().crl("sub", NOW)[:-9], b"<html>", b"", foreign):
        for path in ("/thu/crls/root/latest.crl", "/thu/crls/sub/latest.crl", "/thu/ocsp/sub"):
            site.pages[path] = page(content)
        done = run(bed, client(site, "ca.example.com"))
        assert (done.fetched, [one.refused for one in done.failed]) == ((), [True] * 3)
        assert not done.aip_id


@pytest.mark.loopback
def test_a_host_that_is_not_named_is_told_and_not_asked(bed: TestBed, site: Site) -> None:
    done = run(bed, client(site, "other.example.com"))
    assert "http://ca.example.com/thu/crls/root/latest.crl" in done.not_named
    assert not site.asked
    assert not done.failed
