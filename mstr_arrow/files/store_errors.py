"""Refusals of a store, told with the path and what helps. Pure."""

from __future__ import annotations

import errno
import re
from typing import NamedTuple

from mstr_arrow.errors import FileError, MstrError, UsageError

_CODE = re.compile(r"<Code>([A-Za-z0-9_]+)</Code>|\"reason\": ?\\?\"([A-Za-z]+)")
_MESSAGE = re.compile(r"<Message>([^<\n]+)")
_STATUS = re.compile(r"(?:status|status code|with status|Server returned \D*):? ?(\d{3})\b")

_NO_BUCKET = {"NoSuchBucket", "ContainerNotFound", "InvalidBucketName", "InvalidResourceName"}
_NO_CREDENTIALS = re.compile(
    r"169\.254\.169\.254|metadata\.google\.internal|NoCredentials|ClientAuthenticationError|credential provider:"
)
_WRONG_CREDENTIALS = {
    *("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired"),
    *("AuthenticationFailed", "InvalidAuthenticationInfo", "NoAuthenticationInformation"),
}
_NOT_ALLOWED = {
    *("AccessDenied", "AllAccessDisabled", "AccountProblem"),
    *("AuthorizationFailure", "AuthorizationPermissionMismatch", "InsufficientAccountPermissions", "forbidden"),
}
_OTHER_REGION = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
_GONE = {"NoSuchUpload", "InvalidBlockList"}
_UNREACHABLE = re.compile(
    r"kind: Connect|ConnectError|Connection refused|dns error|tcp connect|No route|Name or service", re.IGNORECASE
)
_QUERY = re.compile(r"\?[^\s\"',)]+")
"""The part of a URL behind the question mark: in Azure's a signature may be there, which is a secret."""

_TIMED_OUT = re.compile(r"timed out|TimedOut|operation timeout", re.IGNORECASE)

_CREDENTIALS = {
    "s3": "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE with boto3 installed: pip install "
    "'mstr-arrow[aws]'.",
    "gs": "Set GOOGLE_APPLICATION_CREDENTIALS to the file of a service account, or log in: gcloud auth "
    "application-default login.",
    "az": "Set AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_KEY; or log in by az "
    "login, with azure-identity installed: pip install 'mstr-arrow[azure]'.",
}
_ADDRESS = {
    "s3": "Check the network, and AWS_ENDPOINT_URL if it is set.",
    "gs": "Check the network.",
    "az": "Check the network, the name of the account, and AZURE_STORAGE_ENDPOINT if it is set.",
}


class _Explanation(NamedTuple):
    what: str
    hint: str
    errno: int


def is_missing_bucket(text: str) -> bool:
    """Tell whether a store says that there is no such bucket, where it says that a path is not there."""
    return _code(text) in _NO_BUCKET or "specified bucket does not exist" in text


def shows_secret(text: str) -> bool:
    """Tell whether the text of an error has the signature of a URL in it, so that it is not to be shown.

    >>> shows_secret("PUT https://a.blob.core.windows.net/c/x?sv=2024&sig=abc%3D failed"), shows_secret("PUT s3://b/x")
    (True, False)
    """
    return re.search(r"[?&](sig|X-Amz-Signature|X-Amz-Security-Token)=", text, re.IGNORECASE) is not None


def store_error(error: Exception, shown: str, scheme: str, refused: str = "be written") -> MstrError:
    """Make an error of ours of one that a store's client raised; ``scheme`` says which variables help."""
    text = str(error)
    family = _family(scheme)
    if is_missing_bucket(text):
        noun = "container" if family == "az" else "bucket"
        return UsageError(
            f"{shown!r} cannot {refused}: there is no such {noun}.",
            hint=f"Make the {noun} first, or correct its name.",
        )
    found = _explain(text, family)
    return FileError(
        f"{shown!r} cannot {refused}: {found.what}.",
        errno=found.errno,
        strerror=found.what,
        filename=shown,
        hint=found.hint,
    )


def who_you_are(scheme: str) -> str:
    """Say how one logs in to a store."""
    return _CREDENTIALS[_family(scheme)]


def _family(scheme: str) -> str:
    return "s3" if scheme.startswith("s3") else "gs" if scheme == "gs" else "az"


def _explain(text: str, family: str) -> _Explanation:
    code, status = _code(text), _STATUS.search(text)
    number = int(status[1]) if status else 0
    said = code or (f"status {number}" if number else "")
    if _NO_CREDENTIALS.search(text):
        return _Explanation("there are no credentials for the store", _CREDENTIALS[family], errno.EACCES)
    if code in _WRONG_CREDENTIALS or number == 401:
        return _Explanation(f"the store does not take the credentials ({said})", _CREDENTIALS[family], errno.EACCES)
    if code in _OTHER_REGION or number == 301:
        return _Explanation(
            f"the bucket is in another region ({said})", "Set AWS_REGION to the bucket's.", errno.EINVAL
        )
    if code in _NOT_ALLOWED or number == 403:
        hint = "Have it allowed for these credentials, or give another path."
        return _Explanation(f"the store does not allow it ({said})", hint, errno.EACCES)
    if code in _GONE:
        hint = "Write again, and with one run at a time."
        return _Explanation(f"another run has written it meanwhile ({said})", hint, errno.ESTALE)
    if _UNREACHABLE.search(text):
        return _Explanation("the store cannot be reached", _ADDRESS[family], errno.EHOSTUNREACH)
    if _TIMED_OUT.search(text):
        return _Explanation("the store did not answer in time", _ADDRESS[family], errno.ETIMEDOUT)
    hint = "Try again; if it recurs, ask who runs the store."
    return _Explanation(f"the store refused it: {said or _shorten(text)}{_message(text)}", hint, errno.EIO)


def _code(text: str) -> str:
    found = _CODE.search(text)
    return (found[1] or found[2]) if found else ""


def _message(text: str) -> str:
    found = _MESSAGE.search(text)
    return f", {found[1].rstrip('.')}" if found else ""


def _shorten(text: str) -> str:
    line = " ".join(_QUERY.sub("", text).split())
    return line if len(line) <= 300 else f"{line[:300]}…"
