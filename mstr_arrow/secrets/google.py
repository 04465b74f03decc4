"""Google Cloud Secret Manager, by google-cloud-secret-manager."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mstr_arrow.secrets.clients import READ_SECONDS, client_library, quiet
from mstr_arrow.secrets.secret import Secret, require_texts, text_of
from mstr_arrow.wording import advice

_TRANSPORTS = "google.cloud.secretmanager_v1.services.secret_manager_service.transports"


def gcp_secret(
    project: str, name: str, key: str | None = None, *, version: str = "latest", client: Any = None
) -> Secret:
    """Name a secret of Google Cloud Secret Manager: its text, or the field ``key`` of its JSON object.

    ``project`` is an id or a number. ``client`` is a google.cloud.secretmanager.SecretManagerServiceClient in
    place of a new one, which logs in by Application Default Credentials. Fetching calls AccessSecretVersion.

    >>> ma.secrets.gcp_secret("acme-bi", "mstr-prod", key="password")
    <Secret 'password' of Google secret 'mstr-prod' in project acme-bi>
    """
    require_texts(project=project, name=name, version=version)
    return Secret(_SecretManager(project, name, version, client), key)


@dataclass(frozen=True, slots=True)
class _SecretManager:
    project: str
    name: str
    version: str
    given: Any = field(repr=False)

    def __str__(self) -> str:
        version = f" (version {self.version})" if self.version != "latest" else ""
        return f"Google secret {self.name!r}{version} in project {self.project}"

    def fetch(self) -> str:
        with quiet(f"{_TRANSPORTS}.grpc", f"{_TRANSPORTS}.rest"):
            if self.given is not None:
                return self._access(self.given)
            module = client_library("google.cloud.secretmanager", "gcp")
            with module.SecretManagerServiceClient() as client:
                return self._access(client)

    def _access(self, client: Any) -> str:
        path = f"projects/{self.project}/secrets/{self.name}/versions/{self.version}"
        response = client.access_secret_version(name=path, timeout=READ_SECONDS)
        return text_of(response.payload.data, self)

    def hint(self, error: Exception) -> str:
        if type(error).__name__ in {"DefaultCredentialsError", "RefreshError", "Unauthenticated"}:
            return "Log in by gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS."
        otherwise = advice(
            "reach Google Cloud",
            "Can Google Cloud be reached from here? {secrets.gcp_secret.client} takes a client of your own.",
        )
        return {
            400: "Are these its name, project and version, and is that version enabled?",
            403: "Give the user who runs this the role Secret Manager Secret Accessor on it.",
            404: "Are these its name, project and version?",
        }.get(getattr(error, "code", 0), otherwise)
