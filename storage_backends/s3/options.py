"""What kho.toml may say of a replica on S3, and where its secrets are instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlsplit

from schemas.errors import ConfigError
from storage_backends.interface import InvalidKey
from storage_backends.keys import check_prefix
from storage_backends.registry import UnknownOption, UnknownStore, without_secrets

_SECRET_WORDS = ("secret", "password", "token", "access_key", "accesskey", "passphrase")
_PREFIX_LIMIT_BYTES = 200
"""S3 keys have at most 1,024 bytes; ours take 700."""


class SecretInSettings(ConfigError):
    """A secret stands in kho.toml, which is copied, printed and backed up; nothing was done."""

    code = "STORAGE-SECRET-IN-SETTINGS"


@dataclass(frozen=True, slots=True)
class S3Options:
    """Options of a replica whose url is ``s3://bucket/prefix``."""

    endpoint: str = ""
    """`https://host:port` of the store; empty for Amazon's, in `region`."""
    region: str = ""
    """The region that requests are signed for; required for Amazon."""
    account: str = ""
    """Whose account it is: replicas on one endpoint in one account share a failure domain."""
    profile: str = ""
    """The section of the credentials file to use; else the environment, else `default`."""
    credentials_file: str = ""
    """An AWS credentials file, seen from the archive's folder; empty for the usual places."""
    ca_file: str = ""
    """Certificates (PEM) that vouch for the endpoint, instead of the system's; seen from the
    archive's folder."""
    path_style: bool = True
    """`endpoint/bucket/key`; false for `bucket.endpoint/key`."""
    timeout_s: int = 60
    """A connection without any progress for so many seconds has failed."""
    client: str = "boto3"
    """`boto3`, or `fast` (needs the extra `fast`): several times faster on small files."""
    versioned: bool = False
    """Refuse a bucket that does not keep old versions."""
    lock: str = ""
    """`compliance` or `governance`: Object Lock on content, never on inventories."""
    lock_days: int = 0
    """For how many days from writing content is locked; needed with `lock`."""


@dataclass(frozen=True, slots=True)
class Place:
    """The bucket, and the prefix in it: empty, or ending in a slash."""

    bucket: str
    prefix: str


def read_options(name: str, stated: Mapping[str, str | int | bool]) -> S3Options:
    """The options, every one known and possible; a secret among them is refused."""
    refuse_secrets(name, stated)
    options: S3Options = fitting(name, "s3", S3Options(), stated)
    if options.client not in {"boto3", "fast"}:
        raise UnknownOption(backend=name, kind="s3", option=f"client = {options.client!r}")
    if options.lock not in {"", "compliance", "governance"}:
        raise UnknownOption(backend=name, kind="s3", option=f"lock = {options.lock!r}")
    if bool(options.lock) != bool(options.lock_days):
        raise UnknownOption(backend=name, kind="s3", option="lock without lock_days, or reverse")
    if not options.endpoint and not options.region:
        raise UnknownOption(backend=name, kind="s3", option="neither endpoint nor region")
    if options.endpoint and urlsplit(options.endpoint).scheme not in {"http", "https"}:
        raise UnknownOption(backend=name, kind="s3", option=f"endpoint = {options.endpoint!r}")
    if "@" in options.endpoint:
        raise SecretInSettings(backend=name, option="endpoint")
    return options


def refuse_secrets(name: str, stated: Mapping[str, str | int | bool]) -> None:
    """No option is a secret by its name; :class:`SecretInSettings` names the first that is."""
    for option in stated:
        if any(word in option.lower() for word in _SECRET_WORDS) and not option.endswith("_file"):
            raise SecretInSettings(backend=name, option=option)


def fitting(name: str, kind: str, defaults: Any, stated: Mapping[str, str | int | bool]) -> Any:
    """``defaults`` (a dataclass) with what was stated; :class:`UnknownOption` for what does not
    fit by name, by type, or because a number is below zero."""
    known = {field.name: getattr(defaults, field.name) for field in fields(defaults)}
    for option, value in stated.items():
        if option not in known:
            raise UnknownOption(backend=name, kind=kind, option=option)
        fits = type(value) is type(known[option]) and not (isinstance(value, int) and value < 0)
        if not fits:
            raise UnknownOption(backend=name, kind=kind, option=f"{option} = {value!r}")
    return replace(defaults, **stated)


def read_place(name: str, url: str) -> Place:
    """The bucket and prefix that ``s3://bucket/prefix`` names; :class:`UnknownStore` if none."""
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise SecretInSettings(backend=name, option="url")
    prefix = parts.path.strip("/")
    prefix = f"{prefix}/" if prefix else ""
    try:
        check_prefix(prefix)
    except InvalidKey as error:
        raise UnknownStore(
            backend=name, url=without_secrets(url), reason=f"prefix:{error.fields['reason']}"
        ) from error
    if not parts.netloc or parts.query or parts.fragment or len(prefix) > _PREFIX_LIMIT_BYTES:
        raise UnknownStore(backend=name, url=without_secrets(url), reason="not-a-bucket")
    return Place(parts.netloc, prefix)
