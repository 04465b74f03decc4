"""Where credentials are kept: each function names a secret, which is fetched when the connection opens.

>>> import os
>>> os.environ["NIGHTLY_PASSWORD"] = password
>>> with ma.connect(url, username=user, password=ma.secrets.env("NIGHTLY_PASSWORD")) as conn:
...     conn.user().name
'demo'
>>> del os.environ["NIGHTLY_PASSWORD"]
"""

from mstr_arrow.secrets.aws import aws_parameter, aws_parameters, aws_secret
from mstr_arrow.secrets.azure import azure_secret
from mstr_arrow.secrets.google import gcp_secret
from mstr_arrow.secrets.local import env, file
from mstr_arrow.secrets.secret import Secret
from mstr_arrow.secrets.system import keyring

__all__ = [
    "Secret",
    "aws_parameter",
    "aws_parameters",
    "aws_secret",
    "azure_secret",
    "env",
    "file",
    "gcp_secret",
    "keyring",
]
