"""Against the real azure clients, with the network below them played by a stub."""

import logging
import re

import pytest

from mstr_arrow import secrets
from mstr_arrow.errors import SecretError, UsageError
from mstr_arrow.secrets import azure, clients

vault_library = pytest.importorskip("azure.keyvault.secrets")
pytest.importorskip("azure.identity")
responses = pytest.importorskip("responses")

VAULT = "https://acme.vault.azure.net"
TENANT = "11111111-2222-3333-4444-555555555555"
LOGIN = f"https://login.microsoftonline.com/{TENANT}"
FIELDS = '{"username": "ann", "password": "hunter2"}'
CHALLENGE = f'Bearer authorization="{LOGIN}", resource="https://vault.azure.net"'


class Vault:
    """A key vault that wants the token its challenge asks for."""

    def __init__(self, mock):
        self.mock = mock
        self.values = {}
        self.reads = []
        mock.add_callback(responses.GET, re.compile(f"{VAULT}/secrets/.*"), callback=self.answer)
        metadata = {
            "authorization_endpoint": f"{LOGIN}/oauth2/v2.0/authorize",
            "token_endpoint": f"{LOGIN}/oauth2/v2.0/token",
            "issuer": f"{LOGIN}/v2.0",
        }
        mock.get(f"{LOGIN}/v2.0/.well-known/openid-configuration", json=metadata)
        mock.get(
            re.compile(r"https://login.microsoftonline.com/common/discovery/instance.*"), json={"metadata": []}
        )
        token = {"token_type": "Bearer", "expires_in": 3600, "access_token": "token-of-the-app"}
        mock.post(f"{LOGIN}/oauth2/v2.0/token", json=token)

    def answer(self, request):
        if request.headers.get("Authorization") != "Bearer token-of-the-app":
            return 401, {"WWW-Authenticate": CHALLENGE}, ""
        name, _, version = request.path_url.split("?")[0].removeprefix("/secrets/").partition("/")
        self.reads.append((name, version))
        if name == "forbidden":
            error = {"code": "Forbidden", "message": "Caller is not authorized to perform action."}
            return 403, {"Content-Type": "application/json"}, responses.json_module.dumps({"error": error})
        if name not in self.values:
            error = {
                "code": "SecretNotFound",
                "message": f"A secret with name {name} was not found.",
            }
            return 404, {"Content-Type": "application/json"}, responses.json_module.dumps({"error": error})
        bundle = {"value": self.values[name], "id": f"{VAULT}/secrets/{name}/v1", "attributes": {"enabled": True}}
        return 200, {"Content-Type": "application/json"}, responses.json_module.dumps(bundle)


@pytest.fixture
def vault(monkeypatch):
    """A vault, and an application that this process is logged in as by its environment."""
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    monkeypatch.setenv("AZURE_CLIENT_ID", "66666666-7777-8888-9999-000000000000")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "app-secret")
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Vault(mock)


def test_a_secret_of_one_value(vault):
    vault.values["password"] = "hunter2"
    assert secrets.azure_secret(VAULT, "password")() == "hunter2"


def test_a_secret_of_several_fields_is_fetched_once_and_again_after_a_rotation(vault):
    vault.values["prod"] = FIELDS
    group = secrets.azure_secret(f"{VAULT}/", "prod")
    username, password = group["username"], group["password"]
    assert (username(), password(), len(vault.reads)) == ("ann", "hunter2", 1)
    vault.values["prod"] = FIELDS.replace("hunter2", "hunter3")
    assert (username(), password(), len(vault.reads)) == ("ann", "hunter3", 2)


def test_one_field_by_key_of_one_version(vault):
    vault.values["prod"] = FIELDS
    secret = secrets.azure_secret(VAULT, "prod", key="password", version="0a1b")
    assert secret() == "hunter2"
    assert vault.reads == [("prod", "0a1b")]
    assert repr(secret) == f"<Secret 'password' of Azure secret 'prod' (version 0a1b) in {VAULT}>"


def test_a_client_of_ones_own_is_used_and_left_open(vault):
    class Own:
        def get_token(self, *_, **__):
            import azure.core.credentials

            return azure.core.credentials.AccessToken("token-of-the-app", 2**33)

    vault.values["password"] = "hunter2"
    with vault_library.SecretClient(VAULT, Own()) as client:
        secret = secrets.azure_secret(VAULT, "password", client=client)
        assert [secret(), secret()] == ["hunter2", "hunter2"]
    assert not [call for call in vault.mock.calls if "microsoftonline" in call.request.url]


@pytest.mark.usefixtures("vault")
def test_what_the_vault_refuses_is_told_with_what_to_do():
    with pytest.raises(SecretError, match=r"'none' in .* could not be read: ResourceNotFoundError.*its vault"):
        secrets.azure_secret(VAULT, "none")()
    with pytest.raises(SecretError, match=r"HttpResponseError.*not authorized.*role Key Vault Secrets User"):
        secrets.azure_secret(VAULT, "forbidden")()


def test_a_vault_that_does_not_answer_is_told_in_due_time(vault, monkeypatch):
    monkeypatch.setattr("azure.core.pipeline.policies.RetryPolicy.sleep", lambda *_: None)
    elsewhere = "https://elsewhere.vault.azure.net"
    tried = vault.mock.get(re.compile(f"{elsewhere}/.*"), body=responses.ConnectionError("no route"))
    with pytest.raises(SecretError, match=r"ServiceRequestError.*Can the vault be reached"):
        secrets.azure_secret(elsewhere, "password")()
    assert len(tried.calls) == 1 + azure.RETRIES
    waits = {call.request.req_kwargs["timeout"] for call in tried.calls}
    assert waits == {(clients.CONNECT_SECONDS, clients.READ_SECONDS)}


@pytest.mark.usefixtures("vault")
def test_a_process_that_is_not_logged_in_is_told(monkeypatch):
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    with pytest.raises(SecretError, match=r"could not be read: \w+Error: .*Log in by az login"):
        secrets.azure_secret(VAULT, "password")()


def test_a_vault_is_named_by_its_url():
    with pytest.raises(UsageError, match=r"https://NAME\.vault\.azure\.net"):
        secrets.azure_secret("acme", "password")


def test_nothing_of_a_secret_is_logged(vault, caplog):
    vault.values["prod"] = FIELDS
    caplog.set_level(1)
    logging.getLogger("azure").setLevel(1)
    assert secrets.azure_secret(VAULT, "prod", key="password")() == "hunter2"
    assert any(record.name.startswith("azure") for record in caplog.records)
    logged = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert "hunter2" not in logged
    assert "app-secret" not in logged
    assert "token-of-the-app" not in logged
