"""AWS Secrets Manager and SSM Parameter Store, by boto3."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import SecretError
from mstr_arrow.secrets.clients import CONNECT_SECONDS, READ_SECONDS, client_library, quiet
from mstr_arrow.secrets.secret import Secret, require_texts, text_of
from mstr_arrow.wording import advice, naming

if TYPE_CHECKING:
    from collections.abc import Iterator


def aws_secret(name: str, key: str | None = None, *, region: str | None = None, client: Any = None) -> Secret:
    """Name a secret of AWS Secrets Manager: its text, or the field ``key`` of its JSON object.

    ``name`` may be an ARN. ``region`` is the ARN's or the environment's if it is not given. ``client`` is a
    boto3 client for "secretsmanager" in place of a new one. Fetching calls GetSecretValue.

    >>> group = ma.secrets.aws_secret("mstr/prod", region="eu-west-1")
    >>> group["password"]
    <Secret 'password' of AWS secret 'mstr/prod' in eu-west-1>
    """
    require_texts(name=name)
    return Secret(_SecretsManager(name, region or _region_of(name), client), key)


def aws_parameter(name: str, key: str | None = None, *, region: str | None = None, client: Any = None) -> Secret:
    """Name a parameter of SSM Parameter Store: its text, or the field ``key`` of its JSON object.

    Secure strings are decrypted. ``client`` is a boto3 client for "ssm" in place of a new one; the rest is as
    in `aws_secret`. Fetching calls GetParameter.

    >>> ma.secrets.aws_parameter("/mstr/prod/password")
    <Secret AWS parameter '/mstr/prod/password'>
    """
    require_texts(name=name)
    return Secret(_Parameter(name, region or _region_of(name), client), key)


def aws_parameters(path: str, *, region: str | None = None, client: Any = None) -> Secret:
    """Name all parameters below a path of SSM Parameter Store, fetched together: ``group["password"]``.

    A parameter is called by what follows the path: ``/mstr/prod/db/user`` below ``/mstr/prod`` is
    ``"db/user"``. The rest is as in `aws_parameter`. Fetching calls GetParametersByPath.

    >>> group = ma.secrets.aws_parameters("/mstr/prod")
    >>> group["username"]
    <Secret 'username' of AWS parameters below '/mstr/prod'>
    """
    require_texts(path=path)
    return Secret(_Parameters(path, region, client))


def _region_of(name: str) -> str | None:
    return name.split(":")[3] if name.startswith("arn:") and name.count(":") > 3 else None


@dataclass(frozen=True, slots=True)
class _Aws:
    name: str
    region: str | None
    given: Any = field(repr=False)

    def _in_region(self) -> str:
        return f" in {self.region}" if self.region else ""

    @contextmanager
    def _client(self, service: str) -> Iterator[Any]:
        with quiet("botocore.parsers"):
            if self.given is not None:
                yield self.given
                return
            session = client_library("boto3", "aws").session.Session()
            config = client_library("botocore.config", "aws").Config(
                connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS
            )
            client = session.client(service, region_name=self.region, config=config)
            try:
                yield client
            finally:
                client.close()

    def _hint(self, error: Exception, action: str) -> str:
        response = getattr(error, "response", None)
        code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else type(error).__name__
        if code in {"ResourceNotFoundException", "ParameterNotFound"}:
            where = self.region or "the default region"
            return naming(
                "Is this its name, and {where} its region? {secrets.aws_secret.region} chooses another.",
                where=where,
            )
        if code.startswith("AccessDenied"):
            return f"Allow {action} on it, and kms:Decrypt if it is encrypted with a key of your own."
        if code == "NoRegionError":
            return naming("Give {secrets.aws_secret.region}, or set AWS_DEFAULT_REGION.")
        if "Credential" in code or "Token" in code or "SSO" in code or "Signature" in code:
            return "Log in to AWS: aws sso login, AWS_PROFILE, AWS_ACCESS_KEY_ID, or the role of the machine."
        return advice(
            "reach AWS",
            "Can AWS be reached from here? {secrets.aws_secret.client} takes a boto3 client of your own.",
        )


class _SecretsManager(_Aws):
    __slots__ = ()

    def __str__(self) -> str:
        return f"AWS secret {self.name!r}{self._in_region()}"

    def fetch(self) -> str:
        with self._client("secretsmanager") as client:
            response = client.get_secret_value(SecretId=self.name)
        text = response.get("SecretString")
        return text if isinstance(text, str) else text_of(response["SecretBinary"], self)

    def hint(self, error: Exception) -> str:
        return self._hint(error, "secretsmanager:GetSecretValue")


class _Parameter(_Aws):
    __slots__ = ()

    def __str__(self) -> str:
        return f"AWS parameter {self.name!r}{self._in_region()}"

    def fetch(self) -> str:
        with self._client("ssm") as client:
            response = client.get_parameter(Name=self.name, WithDecryption=True)
        return str(response["Parameter"]["Value"])

    def hint(self, error: Exception) -> str:
        return self._hint(error, "ssm:GetParameter")


class _Parameters(_Aws):
    __slots__ = ()

    def __str__(self) -> str:
        return f"AWS parameters below {self.name!r}{self._in_region()}"

    def fetch(self) -> dict[str, str]:
        with self._client("ssm") as client:
            pages = client.get_paginator("get_parameters_by_path").paginate(
                Path=self.name, Recursive=True, WithDecryption=True
            )
            found = {each["Name"]: str(each["Value"]) for page in pages for each in page["Parameters"]}
        if not found:
            raise SecretError(
                f"the {self} could not be read: there are none.",
                hint=advice(
                    "one parameter of AWS",
                    "Check path and region; one parameter by itself is {secrets.aws_parameter(name)}.",
                ),
            )
        path = self.name.rstrip("/") + "/"
        return {name.removeprefix(path): value for name, value in found.items()}

    def hint(self, error: Exception) -> str:
        return self._hint(error, "ssm:GetParametersByPath")
