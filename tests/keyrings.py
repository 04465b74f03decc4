"""A keyring for tests; those that import it are skipped where the package keyring is missing."""

import pytest

keyring = pytest.importorskip("keyring")
Missing = pytest.importorskip("keyring.backends.fail").Keyring


class Memory(keyring.backend.KeyringBackend):
    """A keyring that lives as long as its test."""

    priority = 1

    def __init__(self):
        super().__init__()
        self.passwords = {}

    def get_password(self, service, username):
        return self.passwords.get((service, username))

    def set_password(self, service, username, password):
        self.passwords[service, username] = password

    def delete_password(self, service, username):
        del self.passwords[service, username]
