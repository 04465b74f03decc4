"""Against the real Google client: by REST with the network below it played by a stub, by gRPC with a server."""

import base64
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import mstr_arrow
from mstr_arrow import secrets
from mstr_arrow.errors import SecretError

library = pytest.importorskip("google.cloud.secretmanager")
credentials = pytest.importorskip("google.oauth2.credentials")
responses = pytest.importorskip("responses")

FIELDS = '{"username": "ann", "password": "hunter2"}'
URL = "https://secretmanager.googleapis.com/v1/projects/acme/secrets/"


class Manager:
    """A secret manager, as its REST face shows it."""

    def __init__(self, mock):
        self.values = {}
        self.reads = []
        mock.add_callback(responses.GET, re.compile(f"{URL}.*:access.*"), callback=self.answer)

    def answer(self, request):
        path = request.url.split("?")[0].removeprefix(URL).removesuffix(":access")
        name, version = path.split("/versions/")
        self.reads.append((name, version))
        answer = self.values.get(name, (404, "NOT_FOUND", f"Secret [projects/1/secrets/{name}] not found."))
        if isinstance(answer, tuple):
            code, status, message = answer
            body = {"error": {"code": code, "status": status, "message": message}}
        else:
            code = 200
            body = {
                "name": f"projects/1/secrets/{name}/versions/3",
                "payload": {"data": base64.b64encode(answer).decode()},
            }
        return code, {"Content-Type": "application/json"}, responses.json_module.dumps(body)


@pytest.fixture
def manager():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Manager(mock)


@pytest.fixture
def client():
    user = credentials.Credentials(token="token-of-the-user")
    with library.SecretManagerServiceClient(transport="rest", credentials=user) as made:
        yield made


def test_a_secret_of_one_value(manager, client):
    manager.values["password"] = "hünter2".encode()
    assert secrets.gcp_secret("acme", "password", client=client)() == "hünter2"
    assert manager.reads == [("password", "latest")]


def test_a_secret_of_several_fields_is_fetched_once_and_again_after_a_rotation(manager, client):
    manager.values["prod"] = FIELDS.encode()
    group = secrets.gcp_secret("acme", "prod", client=client)
    username, password = group["username"], group["password"]
    assert (username(), password(), len(manager.reads)) == ("ann", "hunter2", 1)
    manager.values["prod"] = FIELDS.replace("hunter2", "hunter3").encode()
    assert (username(), password(), len(manager.reads)) == ("ann", "hunter3", 2)


def test_one_field_by_key_of_one_version(manager, client):
    manager.values["prod"] = FIELDS.encode()
    secret = secrets.gcp_secret("acme", "prod", key="password", version="2", client=client)
    assert secret() == "hunter2"
    assert manager.reads == [("prod", "2")]
    assert repr(secret) == "<Secret 'password' of Google secret 'prod' (version 2) in project acme>"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((404, "NOT_FOUND", "Secret [x] not found"), r"NotFound: 404.*\[x\] not found.*name, project and version"),
        ((403, "PERMISSION_DENIED", "denied"), r"Forbidden: 403.*denied.*Secret Manager Secret Accessor"),
        ((401, "UNAUTHENTICATED", "no token"), r"RefreshError: .*gcloud auth application-default"),
        ((400, "FAILED_PRECONDITION", "is in DISABLED state"), r"BadRequest: 400.*DISABLED.*that version enabled"),
        ((501, "UNIMPLEMENTED", "no"), r"Can Google Cloud be reached"),
    ],
)
def test_what_google_refuses_is_told_with_what_to_do(manager, client, answer, message):
    manager.values["prod"] = answer
    with pytest.raises(SecretError, match=rf"Google secret 'prod' in project acme could not be read: .*{message}"):
        secrets.gcp_secret("acme", "prod", client=client)()


def test_bytes_that_are_no_text_are_refused(manager, client):
    manager.values["prod"] = b"hunter2\xff"
    with pytest.raises(SecretError, match="no text in UTF-8") as caught:
        secrets.gcp_secret("acme", "prod", client=client)()
    assert caught.value.__context__ is None


def test_a_machine_that_is_not_logged_in_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with pytest.raises(SecretError, match=r"DefaultCredentialsError.*Log in by gcloud"):
        secrets.gcp_secret("acme", "prod")()


OVER_GRPC = """
    import base64, logging
    from concurrent import futures
    import grpc
    from google.cloud import secretmanager
    from google.cloud.secretmanager_v1.services.secret_manager_service import transports
    from mstr_arrow import errors, secrets

    answer_type = secretmanager.AccessSecretVersionResponse
    asked = []

    def access(request, context):
        asked.append(request.name)
        if request.name.endswith("/1"):
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "is in DESTROYED state.")
        return answer_type(name=request.name, payload={"data": b'{"password": "hunter2"}'})

    method = grpc.unary_unary_rpc_method_handler(
        access,
        request_deserializer=secretmanager.AccessSecretVersionRequest.deserialize,
        response_serializer=answer_type.serialize,
    )
    service = "google.cloud.secretmanager.v1.SecretManagerService"
    server = grpc.server(futures.ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(service, {"AccessSecretVersion": method})]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()

    real = secretmanager.SecretManagerServiceClient

    def here():
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        return real(transport=transports.SecretManagerServiceGrpcTransport(channel=channel))

    secretmanager.SecretManagerServiceClient = here
    records = []
    every = logging.Handler()
    every.emit = lambda record: records.append(str(vars(record)))
    for logger in (logging.getLogger(), logging.getLogger("google")):
        logger.addHandler(every)
        logger.setLevel(1)

    password = secrets.gcp_secret("acme", "prod", key="password")
    assert [password(), password()] == ["hunter2", "hunter2"]
    assert asked == ["projects/acme/secrets/prod/versions/latest"] * 2
    try:
        secrets.gcp_secret("acme", "prod", key="password", version="1")()
    except errors.SecretError as error:
        print(error)
    encoded = base64.b64encode(b'{"password": "hunter2"}').decode()
    assert not [record for record in records if encoded in record or "hunter2" in record]
    with here() as client:
        client.access_secret_version(name="projects/acme/secrets/prod/versions/latest")
    if hasattr(transports.grpc, "_LoggingClientInterceptor"):  # older versions log nothing
        assert [record for record in records if encoded in record], "what Google logs is hidden for good"
    server.stop(None)
"""


def test_the_client_that_is_made_here_speaks_grpc_and_logs_no_secret(tmp_path):
    # In a process of its own: gRPC's threads would stay, and other tests fork.
    script = tmp_path / "over_grpc.py"
    script.write_text(textwrap.dedent(OVER_GRPC), encoding="utf-8")
    result = subprocess.run(
        [sys.executable, str(script)],
        env={"PYTHONPATH": str(Path(mstr_arrow.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert re.search(
        r"could not be read: FailedPrecondition: 400 is in DESTROYED state\. .*is that version enabled",
        result.stdout,
    )
    assert "hunter2" not in result.stdout + result.stderr
