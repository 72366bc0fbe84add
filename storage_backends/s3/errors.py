"""What an S3 store says, in Kho's words: whose move it is, and never damage by mistake.

StorageError
├── AccessDenied
│   ├── CredentialMissing · CredentialUnknown · CredentialWrong · CredentialExpired
│   ├── ReadOnlyCredential
│   ├── CertificateRefused
│   └── ClockSkewed
├── BackendUnavailable
│   └── ServerFault          500 and its like: of one key alone, it may be the medium
└── RequestRefused
ConfigError
├── BucketMissing · WrongRegion · BucketNotVersioned · BucketNotLockable
└── ClientUnusable           the client library refuses the settings
"""

from __future__ import annotations

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError
from urllib3 import exceptions as urllib3

from schemas.errors import ConfigError, KhoError
from storage_backends.interface import (
    AccessDenied,
    BackendUnavailable,
    NoSpace,
    ObjectNotFound,
    StorageError,
)


class CredentialMissing(AccessDenied):
    """No access key was found, or half of one."""

    code = "S3-CREDENTIAL-MISSING"


class CredentialUnknown(AccessDenied):
    """The store does not know the access key."""

    code = "S3-CREDENTIAL-UNKNOWN"


class CredentialWrong(AccessDenied):
    """The store knows the access key, and the secret is not its secret."""

    code = "S3-CREDENTIAL-WRONG"


class CredentialExpired(AccessDenied):
    """The credential was right once."""

    code = "S3-CREDENTIAL-EXPIRED"


class ReadOnlyCredential(AccessDenied):
    """The credential may not write here."""

    code = "S3-READ-ONLY"


class CertificateRefused(AccessDenied):
    """The store does not prove who it is: nothing was sent to it."""

    code = "S3-CERTIFICATE"


class ClockSkewed(AccessDenied):
    """This machine's clock and the store's differ too much for a signature to hold."""

    code = "S3-CLOCK"


class ServerFault(BackendUnavailable):
    """The store failed inside; of one key alone, while others answer, it is the medium."""

    code = "S3-SERVER-FAULT"


class RequestRefused(StorageError):
    """The store refuses a request that Kho has to make: it is not S3 enough."""

    code = "S3-REFUSED"


class BucketMissing(ConfigError):
    """There is no such bucket; it is not made, and nothing is taken for lost."""

    code = "S3-NO-BUCKET"
    exit_code = 4


class WrongRegion(ConfigError):
    """The bucket is served elsewhere."""

    code = "S3-REGION"
    exit_code = 4


class BucketNotVersioned(ConfigError):
    """The settings ask for a bucket that keeps old versions, and this one does not."""

    code = "S3-NOT-VERSIONED"
    exit_code = 4


class BucketNotLockable(ConfigError):
    """The settings ask for Object Lock, and this bucket has none."""

    code = "S3-NOT-LOCKABLE"
    exit_code = 4


class ClientUnusable(ConfigError):
    """The client library refuses what the settings say; ``reason`` is its own."""

    code = "S3-UNUSABLE"


class ConditionFailed(Exception):
    """If-Match or If-None-Match did not hold; the store layer says what that means."""


BY_CODE: dict[str, type[KhoError]] = {
    "NoSuchKey": ObjectNotFound,
    "NoSuchBucket": BucketMissing,
    "InvalidBucketName": BucketMissing,
    "InvalidAccessKeyId": CredentialUnknown,
    "SignatureDoesNotMatch": CredentialWrong,
    "InvalidSecurity": CredentialWrong,
    "InvalidToken": CredentialExpired,
    "ExpiredToken": CredentialExpired,
    "ExpiredTokenException": CredentialExpired,
    "TokenRefreshRequired": CredentialExpired,
    "RequestExpired": ClockSkewed,
    "RequestTimeTooSkewed": ClockSkewed,
    "AuthorizationHeaderMalformed": WrongRegion,
    "PermanentRedirect": WrongRegion,
    "TemporaryRedirect": WrongRegion,
    "IllegalLocationConstraintException": WrongRegion,
    "QuotaExceeded": NoSpace,
    "XMinioStorageFull": NoSpace,
    "InsufficientCapacity": NoSpace,
    "BucketQuotaExceeded": NoSpace,
    "EntityTooLarge": NoSpace,
    # What was sent had been checked, so it was altered on the way; asking again may help.
    "BadDigest": BackendUnavailable,
    "XAmzContentSHA256Mismatch": BackendUnavailable,
    "XAmzContentChecksumMismatch": BackendUnavailable,
    "IncompleteBody": BackendUnavailable,
    "RequestTimeout": BackendUnavailable,
    "SlowDown": BackendUnavailable,
    "ConditionalRequestConflict": BackendUnavailable,
    "OperationAborted": BackendUnavailable,
}

_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.ProfileNotFound,
    boto.ConfigNotFound,
    boto.ConfigParseError,
    boto.NoAuthTokenError,
)
_EXPIRED = (
    boto.TokenRetrievalError,
    boto.SSOError,
    boto.LoginError,
    boto.RefreshWithMFAUnsupportedError,
)
_UNAVAILABLE = (
    boto.HTTPClientError,
    boto.ConnectionError,
    boto.ResponseStreamingError,
    boto.IncompleteReadError,
    boto.ChecksumError,
    boto.FlexibleChecksumError,
    ResponseParserError,
    boto.MetadataRetrievalError,
)


def translated(error: Exception, *, backend: str, key: str, writing: bool) -> KhoError:
    """The error in Kho's words; ``writing`` tells a refused write from a refused read."""
    if isinstance(error, boto.ClientError):
        return _answered(error, backend=backend, key=key, writing=writing)
    reason = str(error)
    if isinstance(error, boto.SSLError) or "CERTIFICATE_VERIFY_FAILED" in reason:
        return CertificateRefused(backend=backend, key=key, reason=_of_certificate(reason))
    if isinstance(error, _CREDENTIALS):
        return CredentialMissing(backend=backend, key=key, reason=reason)
    if isinstance(error, _EXPIRED):
        return CredentialExpired(backend=backend, key=key, reason=reason)
    if isinstance(error, (*_UNAVAILABLE, urllib3.HTTPError, OSError)):
        return BackendUnavailable(backend=backend, key=key, reason=reason)
    return ClientUnusable(backend=backend, reason=f"{type(error).__name__}: {reason}")


def _answered(error: boto.ClientError, *, backend: str, key: str, writing: bool) -> KhoError:
    stated = error.response.get("Error", {})
    code = str(stated.get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    reason = f"{code} {stated.get('Message', '')}".strip()
    kind = BY_CODE.get(code)
    if kind is None:
        kind = _by_status(status, writing=writing)
    return kind(backend=backend, key=key, reason=reason)


def _by_status(status: int, *, writing: bool) -> type[KhoError]:
    if status in {401, 403}:
        return ReadOnlyCredential if writing else AccessDenied
    if status == 507:
        return NoSpace
    if status in {408, 429, 502, 503, 504}:
        return BackendUnavailable
    if status >= 500:
        return ServerFault
    # A bare 404 (HEAD has no body) could be a missing bucket, so it never says not found.
    return RequestRefused


def _of_certificate(reason: str) -> str:
    """The part of OpenSSL's sentence that says what is wrong with the certificate."""
    _, _, after = reason.partition("certificate verify failed: ")
    return after.partition(" (_ssl")[0] or reason
