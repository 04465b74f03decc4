"""What stores refuse, by the answers that they give."""

import errno
import os

import pytest

from mstr_arrow.errors import FileError, UsageError
from mstr_arrow.files.sinks import Csv
from mstr_arrow.files.store_errors import store_error

pytest.importorskip("obstore")

ANSWER = (
    "Generic {{ source: Server returned non-2xx status code: {status}: <Error><Code>{code}</Code>"
    "<Message>No.</Message></Error> }}"
)


@pytest.mark.parametrize(
    ("scheme", "status", "code", "said", "number"),
    [
        ("s3", 403, "AccessDenied", "does not allow it .AccessDenied.*Have it allowed", errno.EACCES),
        ("s3", 403, "InvalidAccessKeyId", "not take the credentials .*AWS_ACCESS_KEY_ID", errno.EACCES),
        ("s3", 403, "SignatureDoesNotMatch", "not take the credentials .*AWS_ACCESS_KEY_ID", errno.EACCES),
        ("az", 403, "AuthenticationFailed", "not take the credentials .*AZURE_STORAGE_ACCOUNT_KEY", errno.EACCES),
        ("abfss", 403, "AuthorizationPermissionMismatch", "does not allow it", errno.EACCES),
        ("gs", 401, "AuthenticationRequired", "GOOGLE_APPLICATION_CREDENTIALS", errno.EACCES),
        ("s3", 301, "PermanentRedirect", "another region .*AWS_REGION", errno.EINVAL),
        ("s3", 404, "NoSuchUpload", "another run has written it meanwhile", errno.ESTALE),
        ("s3", 503, "SlowDown", "refused it: SlowDown, No.* Try again", errno.EIO),
    ],
)
def test_each_answer_has_a_hint(scheme, status, code, said, number):
    error = store_error(OSError(ANSWER.format(status=status, code=code)), f"{scheme}://b/x", scheme)
    assert isinstance(error, FileError)
    assert (error.errno, error.filename) == (number, f"{scheme}://b/x")
    with pytest.raises(FileError, match=said):
        raise error


@pytest.mark.parametrize(
    "text",
    [
        "Error performing PUT http://169.254.169.254/latest/api/token in 1 ms",
        "External Azure credential provider: ClientAuthenticationError: DefaultAzureCredential failed",
    ],
)
def test_credentials_that_are_missing_are_told(text):
    with pytest.raises(FileError, match=r"there are no credentials for the store\. Set AZURE_STORAGE_ACCOUNT_NAME"):
        raise store_error(OSError(text), "az://c/x", "az")


def test_an_account_that_is_missing_is_told(monkeypatch):
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    with pytest.raises(UsageError, match=r"Account must be specified\. Set AZURE_STORAGE_ACCOUNT_NAME"):
        Csv("az://container/x.csv")


def test_no_signature_is_shown():
    url = "https://account.blob.core.windows.net/c/x?sv=2024&sig=c2VjcmV0"
    error = store_error(OSError(f"Error performing PUT {url} in 3 ms: odd"), "az://c/x", "az")
    assert "c2VjcmV0" not in str(error)
    assert "odd" in str(error)


@pytest.mark.parametrize(
    ("code", "scheme", "noun"), [("NoSuchBucket", "s3", "bucket"), ("ContainerNotFound", "az", "container")]
)
def test_a_bucket_that_is_not_there_is_an_error_of_the_call(code, scheme, noun):
    error = store_error(FileNotFoundError(ANSWER.format(status=404, code=code)), f"{scheme}://b/x", scheme)
    assert isinstance(error, UsageError)
    assert f"there is no such {noun}" in str(error)
