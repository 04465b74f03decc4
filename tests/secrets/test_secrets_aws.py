"""Against real boto3 clients, with AWS itself played by moto."""

import asyncio
import functools
import logging
import traceback

import pytest

from mstr_arrow import secrets
from mstr_arrow.credentials import resolve
from mstr_arrow.errors import SecretError

boto3 = pytest.importorskip("boto3")
moto = pytest.importorskip("moto")
stub = pytest.importorskip("botocore.stub")

FIELDS = '{"username": "ann", "password": "hunter2"}'


@functools.cache
def client_of(service, region="eu-west-1"):
    """Make a client once for all tests, which takes longer than they do."""
    session = boto3.session.Session(aws_access_key_id="testing", aws_secret_access_key="testing")
    return session.client(service, region_name=region)


@pytest.fixture
def counted():
    """Count what a client asks for, until the test ends."""
    registered = []

    def count(client, event):
        calls = []
        handler = lambda **_: calls.append(1)  # noqa: E731 - the same object is unregistered again
        client.meta.events.register(event, handler)
        registered.append((client, event, handler))
        return calls

    yield count
    for client, event, handler in registered:
        client.meta.events.unregister(event, handler)


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Forget what this machine knows about AWS."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


@pytest.fixture
def aws(machine):
    """Play AWS, with a user logged in to eu-west-1; gives clients."""
    machine.setenv("AWS_ACCESS_KEY_ID", "testing")
    machine.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    machine.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with moto.mock_aws():
        yield client_of


@pytest.fixture
def parameters(aws):
    def put(**values):
        for name, value in values.items():
            aws("ssm").put_parameter(Name=f"/mstr/{name.replace('_', '/')}", Value=value, Type="SecureString")

    return put


def test_a_secret_of_one_value(aws):
    aws("secretsmanager").create_secret(Name="mstr/password", SecretString="hunter2")
    assert secrets.aws_secret("mstr/password")() == "hunter2"


def test_a_secret_of_several_fields_is_fetched_once_and_again_after_a_rotation(aws, counted):
    client = aws("secretsmanager")
    client.create_secret(Name="mstr/prod", SecretString=FIELDS)
    fetched = counted(client, "before-call.secrets-manager.GetSecretValue")
    group = secrets.aws_secret("mstr/prod", client=client)
    username, password = group["username"], group["password"]
    assert (username(), password(), len(fetched)) == ("ann", "hunter2", 1)
    client.put_secret_value(SecretId="mstr/prod", SecretString='{"username": "ann", "password": "hunter3"}')
    assert (username(), password(), len(fetched)) == ("ann", "hunter3", 2)


def test_one_field_by_key(aws):
    aws("secretsmanager").create_secret(Name="mstr/prod", SecretString=FIELDS)
    assert secrets.aws_secret("mstr/prod", key="password")() == "hunter2"


def test_a_secret_of_bytes_is_read_as_text(aws):
    aws("secretsmanager").create_secret(Name="mstr/bytes", SecretBinary="hünter2".encode())
    assert secrets.aws_secret("mstr/bytes")() == "hünter2"


def test_a_secret_of_another_region_by_name_and_by_arn(aws):
    arn = aws("secretsmanager", "us-east-2").create_secret(Name="mstr/us", SecretString="hunter2")["ARN"]
    assert secrets.aws_secret("mstr/us", region="us-east-2")() == "hunter2"
    assert secrets.aws_secret(arn)() == "hunter2"
    assert "us-east-2" in repr(secrets.aws_secret(arn))
    with pytest.raises(
        SecretError, match=r"'mstr/us' could not be read: ResourceNotFoundException.*default region"
    ):
        secrets.aws_secret("mstr/us")()


def test_a_parameter_is_decrypted(parameters):
    parameters(password="hunter2", prod=FIELDS)
    assert secrets.aws_parameter("/mstr/password")() == "hunter2"
    assert secrets.aws_parameter("/mstr/prod", key="username")() == "ann"


def test_parameters_below_a_path_are_fetched_together_however_many_pages_they_fill(aws, parameters, counted):
    parameters(**{f"prod_filler{number:02}": "x" for number in range(23)}, prod_db_user="ann", prod_zz="hunter2")
    client = aws("ssm")
    pages = counted(client, "before-call.ssm.GetParametersByPath")
    for path in ("/mstr/prod", "/mstr/prod/"):
        pages.clear()
        group = secrets.aws_parameters(path, client=client)
        user, password = group["db/user"], group["zz"]
        assert (user(), password(), len(pages)) == ("ann", "hunter2", 3)


def test_a_path_without_parameters_and_a_missing_parameter_are_told(parameters):
    parameters(prod_password="hunter2")
    with pytest.raises(SecretError, match="below '/mstr/test' could not be read: there are none"):
        secrets.aws_parameters("/mstr/test")["password"]()
    with pytest.raises(SecretError, match=r"no field 'user'. It holds the field password"):
        secrets.aws_parameters("/mstr/prod")["user"]()
    with pytest.raises(SecretError, match="'/mstr/x' could not be read: ParameterNotFound"):
        secrets.aws_parameter("/mstr/x")()


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        ("AccessDeniedException", "User is not authorized", "Allow secretsmanager:GetSecretValue on it"),
        ("ExpiredTokenException", "The security token is expired", "Log in to AWS: aws sso login"),
        ("InternalServiceError", "try later", "Can AWS be reached"),
    ],
)
def test_what_aws_refuses_is_told_with_what_to_do(aws, code, message, advice):
    client = aws("secretsmanager")
    with stub.Stubber(client) as stubber:
        stubber.add_client_error("get_secret_value", code, message)
        with pytest.raises(
            SecretError, match=rf"AWS secret 'mstr' could not be read: .*{code}.*{message}\. {advice}"
        ):
            secrets.aws_secret("mstr", client=client)()


def test_the_session_token_that_aws_quotes_is_not_repeated(aws):
    client = aws("ssm")
    quoted = "The signature does not match.\n\nThe Canonical String should have been\nx-amz-security-token:hunter2"
    with stub.Stubber(client) as stubber:
        stubber.add_client_error("get_parameter", "InvalidSignatureException", quoted)
        with pytest.raises(SecretError, match=r"signature does not match. Log in") as caught:
            secrets.aws_parameter("/mstr", client=client)()
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.usefixtures("machine")
def test_a_machine_that_is_not_logged_in_is_told():
    with pytest.raises(SecretError, match=r"NoCredentialsError.*Log in to AWS"):
        secrets.aws_secret("mstr", region="eu-west-1")()
    with pytest.raises(SecretError, match=r"NoRegionError.*Give region="):
        secrets.aws_secret("mstr")()


def test_nothing_of_a_secret_is_logged_though_boto_logs_answers(aws, parameters, caplog):
    parameters(password="hunter2")
    aws("secretsmanager").create_secret(Name="mstr/prod", SecretString=FIELDS)
    caplog.set_level(1)
    for name in ("botocore.parsers", "botocore"):
        logging.getLogger(name).setLevel(1)
    caplog.clear()
    assert asyncio.run(resolve(secrets.aws_secret("mstr/prod")["password"], "password")) == "hunter2"
    assert secrets.aws_parameters("/mstr")["password"]() == "hunter2"
    assert any(record.name == "botocore.endpoint" for record in caplog.records)
    assert "hunter2" not in caplog.text + "".join(str(vars(record)) for record in caplog.records)
    caplog.clear()
    aws("ssm").get_parameter(Name="/mstr/password", WithDecryption=True)
    assert "hunter2" in caplog.text, "boto logs what it did before, once the secret is read"
