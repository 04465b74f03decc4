"""Azure Key Vault, by azure-keyvault-secrets and azure-identity."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mstr_arrow.errors import SecretError, UsageError
from mstr_arrow.secrets.clients import CONNECT_SECONDS, READ_SECONDS, client_library
from mstr_arrow.secrets.secret import Secret, require_texts
from mstr_arrow.wording import advice, naming

RETRIES = 3
"""The library's own ten take minutes to tell that a vault cannot be reached."""


def azure_secret(
    vault_url: str, name: str, key: str | None = None, *, version: str | None = None, client: Any = None
) -> Secret:
    """Name a secret of Azure Key Vault: its text, or the field ``key`` of its JSON object.

    Without ``version`` it is the current one. ``client`` is an azure.keyvault.secrets.SecretClient for that
    vault in place of a new one, which logs in by azure.identity.DefaultAzureCredential. Fetching calls
    GET {vault_url}/secrets/{name}/{version}.

    >>> ma.secrets.azure_secret("https://acme.vault.azure.net", "mstr-prod", key="password")
    <Secret 'password' of Azure secret 'mstr-prod' in https://acme.vault.azure.net>
    """
    require_texts(vault_url=vault_url, name=name)
    if not vault_url.startswith("https://"):
        raise UsageError(
            naming("{secrets.azure_secret.vault_url} does not start with https://."),
            hint="Write it like https://NAME.vault.azure.net.",
        )
    return Secret(_KeyVault(vault_url.rstrip("/"), name, version, client), key)


@dataclass(frozen=True, slots=True)
class _KeyVault:
    vault_url: str
    name: str
    version: str | None
    given: Any = field(repr=False)

    def __str__(self) -> str:
        version = f" (version {self.version})" if self.version else ""
        return f"Azure secret {self.name!r}{version} in {self.vault_url}"

    def fetch(self) -> str:
        if self.given is not None:
            value = self.given.get_secret(self.name, self.version).value
        else:
            secrets = client_library("azure.keyvault.secrets", "azure")
            identity = client_library("azure.identity", "azure")
            with (
                identity.DefaultAzureCredential() as credential,
                secrets.SecretClient(
                    self.vault_url,
                    credential,
                    connection_timeout=CONNECT_SECONDS,
                    read_timeout=READ_SECONDS,
                    retry_total=RETRIES,
                ) as client,
            ):
                value = client.get_secret(self.name, self.version).value
        if not isinstance(value, str):
            raise SecretError(f"the {self} has no value.", hint="Give it one, or name another version.")
        return value

    def hint(self, error: Exception) -> str:
        status = getattr(error, "status_code", None)
        if status == 404:
            return "Are these its name and its vault?"
        if status == 403:
            return "Give the user who runs this the role Key Vault Secrets User, and let the vault's network in."
        if status == 401 or type(error).__name__ in {"ClientAuthenticationError", "CredentialUnavailableError"}:
            return "Log in by az login, AZURE_CLIENT_ID and its kin, or a managed identity."
        return advice(
            "reach the vault",
            "Can the vault be reached from here? {secrets.azure_secret.client} takes a SecretClient of your own.",
        )
