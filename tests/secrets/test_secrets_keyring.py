import pytest

from mstr_arrow import secrets
from mstr_arrow.errors import SecretError
from tests.keyrings import Memory, Missing, keyring


class Locked(Memory):
    def get_password(self, service, username):  # noqa: ARG002 - as keyring calls it
        raise keyring.errors.KeyringLocked("Failed to unlock the collection!")


def test_a_password_of_the_keyring_that_the_system_chooses(use_keyring):
    use_keyring(Memory())
    secret = secrets.keyring("mstr-arrow", "ann")
    keyring.set_password("mstr-arrow", "ann", "hunter2")
    assert secret() == "hunter2"
    keyring.set_password("mstr-arrow", "ann", "hunter3")
    assert secret() == "hunter3"
    assert repr(secret) == "<Secret keyring password of 'ann' for 'mstr-arrow'>"


def test_a_keyring_of_ones_own():
    memory = Memory()
    memory.set_password("mstr-arrow", "all", '{"username": "ann", "password": "hunter2"}')
    group = secrets.keyring("mstr-arrow", "all", backend=memory)
    assert (group["username"](), group["password"]()) == ("ann", "hunter2")


def test_a_password_that_is_not_there_is_told_with_the_command_that_stores_it(use_keyring):
    use_keyring(Memory())
    with pytest.raises(SecretError, match=r"not there. keyring set mstr-arrow 'ann b'"):
        secrets.keyring("mstr-arrow", "ann b")()


def test_a_machine_without_a_keyring_is_told(use_keyring):
    use_keyring(Missing())
    with pytest.raises(SecretError, match=r"could not be read: NoKeyringError: .*keep the secret elsewhere"):
        secrets.keyring("mstr-arrow", "ann")()


def test_a_locked_keyring_is_told():
    with pytest.raises(SecretError, match=r"KeyringLocked: Failed to unlock the collection!. Unlock it"):
        secrets.keyring("mstr-arrow", "ann", backend=Locked())()
