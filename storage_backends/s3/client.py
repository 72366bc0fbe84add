"""The boto3 client of one replica: its credentials, its certificates, its patience.

Credentials come from the environment, a file or a profile. Metadata services, single sign-on
and everything else that would ask a network nobody named are taken out of the chain.
"""

from __future__ import annotations

import ssl
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from schemas.logs import keep_to_themselves
from storage_backends.s3.errors import ClientUnusable, CredentialMissing, translated
from storage_backends.s3.options import S3Options

_PROVIDERS = frozenset(["env", "shared-credentials-file", "config-file"])
CONNECTIONS = 32


def make_client(name: str, options: S3Options) -> Any:
    """A client for the store that the options name; nothing was asked of it yet.

    It never asks twice by itself: ``storage_backends.retrying`` does, and knows what a
    repeated write means. :class:`CredentialMissing` when no credential is found,
    :class:`ClientUnusable` when the settings cannot be used.
    """
    keep_to_themselves("boto3", "botocore", "urllib3")
    _check_authority(name, options)
    try:
        session = botocore.session.Session()
        if options.profile:
            session.set_config_variable("profile", options.profile)
        if options.credentials_file:
            session.set_config_variable("credentials_file", options.credentials_file)
        chain = session.get_component("credential_provider")
        for provider in list(chain.providers):
            if provider.METHOD not in _PROVIDERS:
                chain.remove(provider.METHOD)
        if session.get_credentials() is None:
            raise CredentialMissing(backend=name, key="", reason="none found")
        # No date in an answer is used, and reading them is half the cost of a listing.
        parsers = session.get_component("response_parser_factory")
        parsers.set_parser_defaults(timestamp_parser=str)
        return session.create_client(
            "s3",
            region_name=options.region or "us-east-1",
            endpoint_url=options.endpoint or f"https://s3.{options.region}.amazonaws.com",
            verify=options.ca_file or None,
            config=_config(options),
        )
    except (BotoCoreError, ValueError, OSError) as error:
        raise translated(error, backend=name, key="", writing=False) from error


def _check_authority(name: str, options: S3Options) -> None:
    """The file of the operator's own authority holds certificates: the store is not to blame
    for one that cannot be read."""
    if not options.ca_file:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(options.ca_file)
    except OSError as error:
        reason = f"ca_file {options.ca_file}: {error.strerror or error}"
        raise ClientUnusable(backend=name, reason=reason) from error


def access_key(client: Any) -> tuple[str, str, str | None]:
    """(access key, secret, session token) that the client signs with."""
    found = client._request_signer._credentials.get_frozen_credentials()  # no public way
    return found.access_key, found.secret_key, found.token


def _config(options: S3Options) -> Config:
    return Config(
        connect_timeout=min(options.timeout_s, 15),
        read_timeout=options.timeout_s,  # between two reads or writes, not for the whole
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=CONNECTIONS,
        signature_version="s3v4",
        # Every put carries our own sha256; stores other than Amazon break on the defaults.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        ignore_configured_endpoint_urls=True,
        s3={"addressing_style": "path" if options.path_style else "virtual"},
    )
