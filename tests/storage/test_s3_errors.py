"""What an S3 store says becomes a distinct message, and never damage by mistake."""

from __future__ import annotations

import inspect
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import cast

import pytest
from botocore import exceptions as boto
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kit.s3_stub import LISTING, Answer, options_for, refusal, stub
from kit.stores import get, put
from schemas.errors import KhoError
from schemas.text import say
from storage_backends.interface import (
    AccessDenied,
    BackendUnavailable,
    MediumFailed,
    NoSpace,
    ObjectNotFound,
    StorageError,
)
from storage_backends.registry import UnknownOption, UnknownStore
from storage_backends.s3 import errors, open_store
from storage_backends.s3.options import SecretInSettings, read_options, read_place
from storage_backends.s3.store import S3Store

UNAVAILABLE = {
    "ChecksumError", "ConnectTimeoutError", "ConnectionClosedError", "ConnectionError",
    "EndpointConnectionError", "FlexibleChecksumError", "HTTPClientError",
    "IncompleteReadError", "MetadataRetrievalError", "ProxyConnectionError",
    "ReadTimeoutError", "ResponseStreamingError",
}  # fmt: skip
MISSING = {
    "ConfigNotFound", "ConfigParseError", "CredentialRetrievalError", "NoAuthTokenError",
    "NoCredentialsError", "PartialCredentialsError", "ProfileNotFound",
}  # fmt: skip
EXPIRED = {
    "LoginAuthorizationCodeError", "LoginError", "LoginInsufficientPermissions",
    "LoginRefreshRequired", "LoginTokenLoadError", "RefreshWithMFAUnsupportedError", "SSOError",
    "SSOTokenLoadError", "TokenRetrievalError", "UnauthorizedSSOTokenError",
}  # fmt: skip


def translated(error: Exception, *, writing: bool = False) -> KhoError:
    return errors.translated(error, backend="b", key="k", writing=writing)


def answered(code: str, status: int, *, writing: bool = False) -> KhoError:
    response = {
        "Error": {"Code": code, "Message": "m"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return translated(boto.ClientError(response, "PutObject"), writing=writing)


def test_every_exception_of_the_client_library_has_a_meaning() -> None:
    kinds = [
        kind
        for _name, kind in inspect.getmembers(boto, inspect.isclass)
        if issubclass(kind, boto.BotoCoreError)
    ]
    assert len(kinds) > 80
    for kind in kinds:
        found = type(translated(cast(Exception, kind.__new__(kind))))
        name = kind.__name__
        if name in UNAVAILABLE:
            assert found is BackendUnavailable, name
        elif name in MISSING:
            assert found is errors.CredentialMissing, name
        elif name in EXPIRED:
            assert found is errors.CredentialExpired, name
        elif name == "SSLError":
            assert found is errors.CertificateRefused
        else:
            assert found is errors.ClientUnusable, name


@pytest.mark.parametrize(
    ("code", "status", "writing", "kind"),
    [
        ("InvalidAccessKeyId", 403, False, errors.CredentialUnknown),
        ("SignatureDoesNotMatch", 403, True, errors.CredentialWrong),
        ("ExpiredToken", 400, False, errors.CredentialExpired),
        ("AccessDenied", 403, True, errors.ReadOnlyCredential),
        ("AccessDenied", 403, False, AccessDenied),
        ("RequestTimeTooSkewed", 403, False, errors.ClockSkewed),
        ("NoSuchBucket", 404, False, errors.BucketMissing),
        ("NoSuchKey", 404, False, ObjectNotFound),
        ("PermanentRedirect", 301, False, errors.WrongRegion),
        ("InternalError", 500, False, errors.ServerFault),
        ("SlowDown", 503, False, BackendUnavailable),
        ("TooManyRequests", 429, False, BackendUnavailable),
        ("XMinioStorageFull", 507, True, NoSpace),
        ("BadDigest", 400, True, BackendUnavailable),
        ("404", 404, False, errors.RequestRefused),
        ("NotImplemented", 501, False, errors.ServerFault),
        ("InvalidRequest", 400, True, errors.RequestRefused),
    ],
)
def test_every_refusal_has_a_meaning(
    code: str, status: int, writing: bool, kind: type[KhoError]
) -> None:
    assert type(answered(code, status, writing=writing)) is kind


def test_no_refusal_is_ever_taken_for_damage() -> None:
    codes = [*errors.BY_CODE, "Other"]
    for status in (400, 401, 403, 404, 405, 409, 429, 500, 501, 502, 503, 504, 507):
        for code in codes:
            assert not isinstance(answered(code, status), MediumFailed), (code, status)
            if code != "NoSuchKey":
                assert not isinstance(answered(code, status), ObjectNotFound), (code, status)


def test_each_wrong_setting_has_a_text_of_its_own() -> None:
    kinds = [
        kind
        for _name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, KhoError) and kind.__module__ == errors.__name__
    ]
    texts = {say(kind.code, "vi", backend="b", key="k", reason="r", bucket="c") for kind in kinds}
    assert len(texts) == len(kinds) >= 13
    for kind in kinds:
        if issubclass(kind, StorageError):
            assert kind.exit_code == 4


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "RequestTimeTooSkewed", errors.ClockSkewed),
        (400, "ExpiredToken", errors.CredentialExpired),
        (400, "AuthorizationHeaderMalformed", errors.WrongRegion),
        (404, "NoSuchBucket", errors.BucketMissing),
        (403, "AccessDenied", AccessDenied),
        (503, "SlowDown", BackendUnavailable),
    ],
)
def test_opening_a_store_says_what_is_wrong_with_it(
    tmp_path: Path, status: int, code: str, kind: type[KhoError]
) -> None:
    with (
        stub(lambda _verb, _path: refusal(status, code)) as endpoint,
        pytest.raises(KhoError) as caught,
    ):
        open_store("b", "s3://bucket/p", options_for(endpoint, tmp_path))
    assert type(caught.value) is kind


@pytest.mark.loopback
def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with stub(lambda _verb, _path: Answer()) as endpoint:
        pass
    with pytest.raises(BackendUnavailable):
        open_store("b", "s3://bucket/p", options_for(endpoint, tmp_path))


def certificate(folder: Path, *, days: int) -> tuple[ssl.SSLContext, Path]:
    """A server's context and the file of its own certificate, valid until ``days`` from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    end = datetime.now(UTC) + timedelta(days=days)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(end - timedelta(days=30))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    plain = serialization.NoEncryption()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, pkcs8, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, file


@pytest.mark.loopback
def test_an_expired_certificate_is_named_and_nothing_is_sent(tmp_path: Path) -> None:
    context, ca_file = certificate(tmp_path, days=-1)
    asked: list[str] = []

    def answer(verb: str, _path: str) -> Answer:
        asked.append(verb)
        return Answer()

    with (
        stub(answer, context) as endpoint,
        pytest.raises(errors.CertificateRefused, match="expired"),
    ):
        open_store("b", "s3://x", options_for(endpoint, tmp_path, ca_file=str(ca_file)))
    assert asked == []


@pytest.mark.loopback
def test_a_certificate_of_our_own_authority_is_trusted_by_its_file_alone(tmp_path: Path) -> None:
    context, ca_file = certificate(tmp_path, days=10)
    with stub(lambda _verb, _path: Answer(body=LISTING), context) as endpoint:
        open_store("b", "s3://x", options_for(endpoint, tmp_path, ca_file=str(ca_file))).close()
        with pytest.raises(errors.CertificateRefused, match="self-signed"):
            open_store("b", "s3://x", options_for(endpoint, tmp_path))


@pytest.mark.parametrize("client", ["boto3", "fast"])
@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_an_authority_that_cannot_be_read_is_not_the_stores_fault(
    tmp_path: Path, client: str, content: bytes | None
) -> None:
    file = tmp_path / "authority.pem"
    if content is not None:
        file.write_bytes(content)
    options = options_for("https://127.0.0.1:1", tmp_path, ca_file=str(file), client=client)
    with pytest.raises(errors.ClientUnusable, match=r"authority\.pem"):
        open_store("b", "s3://bucket/p", options)


def authority(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context, and the file of the authority that signed its certificate."""
    end = datetime.now(UTC) + timedelta(days=10)
    keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("authority", "127.0.0.1")}
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    for name, key in keys.items():
        is_ca = name == "authority"
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - timedelta(days=30))
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        if not is_ca:
            address = x509.IPAddress(ip_address(name))
            names = x509.SubjectAlternativeName([address])
            builder = builder.add_extension(names, critical=False)
        made = builder.sign(keys["authority"], hashes.SHA256())
        (folder / f"{name}.pem").write_bytes(made.public_bytes(pem))
    key_file = folder / "key.pem"
    plain = serialization.NoEncryption()
    key_file.write_bytes(keys["127.0.0.1"].private_bytes(pem, pkcs8, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "127.0.0.1.pem", key_file)
    return context, folder / "authority.pem"


@pytest.mark.loopback
@pytest.mark.parametrize("own", [True, False])
def test_the_fast_client_trusts_what_the_settings_trust(tmp_path: Path, own: bool) -> None:
    context, ca_file = certificate(tmp_path, days=10) if own else authority(tmp_path)
    asked: set[str] = set()

    def answer(verb: str, path: str) -> Answer:
        asked.add(path)
        if verb == "PUT":
            return Answer(headers={"ETag": '"e"'})
        if "list-type" in path:
            return Answer(body=LISTING)
        moment = "Wed, 21 Oct 2026 07:28:00 GMT"
        return Answer(body=b"bytes", headers={"ETag": '"e"', "Last-Modified": moment})

    with stub(answer, context) as endpoint:
        options = options_for(endpoint, tmp_path, ca_file=str(ca_file), client="fast")
        store = open_store("b", "s3://bucket", options)
        assert get(store, "ocfl/there") == b"bytes"
        put(store, "ocfl/new", b"bytes")
        assert {"/bucket/ocfl/there", "/bucket/ocfl/new"} <= {p.partition("?")[0] for p in asked}
        store.close()


def stub_store(endpoint: str, folder: Path) -> S3Store:
    store = open_store("b", "s3://bucket", options_for(endpoint, folder))
    assert isinstance(store, S3Store)
    store._pause = lambda _s: None
    return store


def answers(bad: Answer, good: Answer) -> Callable[[str, str], Answer]:
    """``bad`` for the key ``ocfl/bad``, a listing for listings, ``good`` for the rest."""

    def answer(_verb: str, path: str) -> Answer:
        if "list-type" in path:
            return Answer(body=LISTING)
        return bad if path.startswith("/bucket/ocfl/bad") else good

    return answer


GOOD = Answer(body=b"bytes", headers={"ETag": '"e"'})
BROKEN = Answer(body=b"byt", headers={"ETag": '"e"'}, cut_short=True)


@pytest.mark.loopback
def test_a_fault_that_lasts_on_one_key_while_others_answer_is_the_medium(tmp_path: Path) -> None:
    with stub(answers(refusal(500, "InternalError"), GOOD)) as endpoint:
        store = stub_store(endpoint, tmp_path)
        with store.open("ocfl/good") as stream:
            assert stream.read() == b"bytes"
        with pytest.raises(MediumFailed):
            store.open("ocfl/bad")
        store.close()


@pytest.mark.loopback
def test_a_fault_of_every_key_is_the_server(tmp_path: Path) -> None:
    fault = refusal(500, "InternalError")
    with stub(answers(fault, fault)) as endpoint:
        store = stub_store(endpoint, tmp_path)
        with pytest.raises(errors.ServerFault):
            store.open("ocfl/bad")
        store.close()


@pytest.mark.loopback
def test_an_answer_that_breaks_off_is_no_damage_while_bytes_still_come(tmp_path: Path) -> None:
    with stub(answers(BROKEN, GOOD)) as endpoint:
        store = stub_store(endpoint, tmp_path)
        with store.open("ocfl/bad") as stream:
            assert stream.read(3) == b"byt"
            with pytest.raises(BackendUnavailable):
                stream.read(3)
        store.close()


@pytest.mark.parametrize(
    "option", ["secret_key", "aws_secret_access_key", "password", "session_token", "access_key"]
)
def test_a_secret_in_the_settings_is_refused(option: str) -> None:
    with pytest.raises(SecretInSettings):
        read_options("b", {"endpoint": "https://s3.example", option: "x"})


def test_a_secret_in_the_url_is_refused() -> None:
    with pytest.raises(SecretInSettings):
        read_place("b", "s3://key:secret@bucket/p")
    with pytest.raises(SecretInSettings):
        read_options("b", {"endpoint": "https://key:secret@s3.example"})


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"endpoint": "s3.example"},
        {"endpoint": "https://e", "client": "slow"},
        {"endpoint": "https://e", "lock": "compliance"},
        {"endpoint": "https://e", "lock_days": 3},
        {"endpoint": "https://e", "lock": "perhaps", "lock_days": 3},
        {"endpoint": "https://e", "timeout_s": "60"},
        {"endpoint": "https://e", "timeout_s": -1},
        {"endpoint": "https://e", "versioned": 1},
        {"endpoint": "https://e", "bucket": "b"},
    ],
)
def test_options_that_cannot_be_right_are_refused(options: dict[str, str | int | bool]) -> None:
    with pytest.raises(UnknownOption):
        read_options("b", options)


@pytest.mark.parametrize("url", ["s3:///p", "s3://b/a//b", "s3://b/a b", "s3://b/" + "x/" * 120])
def test_places_that_no_bucket_can_have_are_refused(url: str) -> None:
    with pytest.raises(UnknownStore):
        read_place("b", url)


def test_without_a_credential_nothing_is_asked(tmp_path: Path) -> None:
    with pytest.raises(errors.CredentialMissing):
        open_store("b", "s3://bucket", {"endpoint": "http://127.0.0.1:9"})
    options = options_for("http://127.0.0.1:9", tmp_path, profile="absent")
    with pytest.raises(errors.CredentialMissing):
        open_store("b", "s3://bucket", options)
