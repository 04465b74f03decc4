import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.secrets.tables import Credentials


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ({"env": "X"}, "<Secret environment variable 'X'>"),
        ({"file": "/run/secrets/x", "shared": True}, "<Secret file '/run/secrets/x'>"),
        ({"keyring": "bi", "username": "bob"}, "<Secret keyring password of 'bob' for 'bi'>"),
        ({"keyring": "bi"}, "<Secret keyring password of 'ann' for 'bi'>"),
        (
            {"aws": "mstr/prod", "key": "password", "region": "eu-west-1"},
            "<Secret 'password' of AWS secret 'mstr/prod' in eu-west-1>",
        ),
        ({"aws-parameter": "/mstr/p"}, "<Secret AWS parameter '/mstr/p'>"),
        ({"aws-parameters": "/mstr", "key": "p"}, "<Secret 'p' of AWS parameters below '/mstr'>"),
        (
            {"azure": "mstr", "vault": "https://a.vault.azure.net", "version": "7"},
            "<Secret Azure secret 'mstr' (version 7) in https://a.vault.azure.net>",
        ),
        (
            {"gcp": "mstr", "project": "acme", "key": "p"},
            "<Secret 'p' of Google secret 'mstr' in project acme>",
        ),
    ],
)
def test_a_table_names_a_secret_of_each_store(table, named):
    assert repr(Credentials().read(table, "password", username="ann")) == named


def test_fields_of_one_secret_share_a_fetch(monkeypatch):
    credentials = Credentials()
    name, password = (credentials.read({"env": "BOTH", "key": key}, key) for key in ("username", "password"))
    monkeypatch.setenv("BOTH", '{"username": "ann", "password": "p1"}')
    assert name() == "ann"
    monkeypatch.setenv("BOTH", '{"username": "bob", "password": "p2"}')
    assert password() == "p1"
    assert password() == "p2"  # asked for again, as by a log-in after a rotation


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (7, "neither a text nor a table"),
        ({"key": "marked"}, "names no stores"),
        ({"env": "X", "file": "marked"}, "names several stores"),
        ({"env": "X", "region": "marked"}, "says 'region', which 'env' does not know"),
        ({"azure": "marked"}, "does not say 'vault'"),
        ({"keyring": "marked"}, "does not say 'username'"),
        ({"env": 7}, "'env' of password must be a text"),
        ({"file": "marked", "shared": "yes"}, "'shared' of password must be true or false"),
    ],
)
def test_a_table_that_cannot_be_meant_is_explained_without_its_values(value, said):
    with pytest.raises(UsageError, match=said) as caught:
        Credentials().read(value, "password")
    assert "marked" not in str(caught.value)
