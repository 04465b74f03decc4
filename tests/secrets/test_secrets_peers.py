"""Functions made for mstr-rest-requests serve here, and ours serve there."""

import asyncio

import pytest

from mstr_arrow import secrets
from mstr_arrow.credentials import resolve, resolve_here
from mstr_arrow.opening import connect

pytest.importorskip("mstr.requests.credentials")


@pytest.fixture
def variables(monkeypatch, simulator):
    monkeypatch.setenv("MSTR_TEST_USERNAME", simulator.username)
    monkeypatch.setenv("MSTR_TEST_PASSWORD", simulator.password)


def ask(credential):
    """Resolve by either way, which must agree."""
    text = resolve_here(credential, "password")
    assert asyncio.run(resolve(credential, "password")) == text
    return text


@pytest.mark.usefixtures("variables")
def test_their_variables_log_in_here(simulator):
    from mstr.requests.credentials.env import env

    password = env("MSTR_TEST_PASSWORD")
    assert ask(password) == simulator.password
    with connect(simulator.url, username=simulator.username, password=password) as conn:
        assert conn.user().name


def test_their_aws_functions_serve_here(monkeypatch):
    boto3 = pytest.importorskip("boto3")
    moto = pytest.importorskip("moto")
    from mstr.requests.credentials import aws

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with moto.mock_aws():
        client = boto3.client("secretsmanager", region_name="eu-west-1")
        client.create_secret(Name="mstr", SecretString='{"username": "ann", "password": "hunter2"}')
        theirs = aws.SecretsManagerSecret("mstr", "eu-west-1")
        assert ask(theirs.field("username")) == "ann"
        assert ask(theirs.field("password")) == "hunter2"
        assert ask(aws.secrets_manager("mstr", "password", "eu-west-1")) == "hunter2"


@pytest.mark.usefixtures("variables")
def test_our_secrets_log_in_there(simulator):
    from mstr.requests import AuthenticatedMSTRRESTSession

    with AuthenticatedMSTRRESTSession(
        base_url=f"{simulator.url}/api/",
        username=secrets.env("MSTR_TEST_USERNAME"),
        password=secrets.env("MSTR_TEST_PASSWORD"),
    ) as session:
        assert session.has_session()
        assert simulator.open_sessions == 1
    assert simulator.open_sessions == 0
