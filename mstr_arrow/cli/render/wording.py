"""What errors say of arguments in Python, said in options. Pure."""

from __future__ import annotations

import re

_WORDS = (
    (r"Network\(proxy=Proxy\(url, username=…, password=…\)\)", "MSTR_PROXY"),
    (r"ignore it by Network\(trust_env=False\)", "unset the variable"),
    (r"Network\(no_proxy=…\)", "--no-proxy"),
    (r"Tls\(key_password=…\), a string or a function", "MSTR_KEY_PASSWORD or the profile's key-password"),
    (r"Tls\.verify=False|\bverify=False", "--insecure"),
    (r"Tls\(ca_file=…\)", "--ca-file"),
    (r"Tls\(cert_file=…\)", "--cert-file"),
    (r"Tls\(system_store=True\)", "--system-store"),
    (r"Tls\.key_password", "MSTR_KEY_PASSWORD"),
    (r"Tls\.(\w+)_(\w+)", r"--\1-\2"),
    (r"Timeouts\.(\w+)", r"--\1-timeout"),
    (r"Proxy\.url", "--proxy"),
    (r"Proxy\.username", "--proxy-username"),
    (r"Proxy\.password", "MSTR_PROXY_PASSWORD"),
    (r"Network\.connections", "--connections"),
    (r"SessionSettings\.application_type", "--application-type"),
    (r"go into username= and password=", "go by --username and --password-file"),
    (r"\bsession= holds", "--session holds"),
    (r"\(session=\)", "(--session)"),
    (r", or give default=", ""),
    (r"Choose a field by key=, or by secret\[key\]", 'Choose a field by key = "…" in its table'),
    (r"shared=True", "shared = true in its table"),
    (r"Give region=", 'Give region = "…"'),
    (r"\bregion= chooses", 'region = "…" chooses'),
    (r" client= takes a [^.]*\.", ""),
    (r"Use write_parquet\(\), which starts [^.]*\(fetch without --resume\)", "Leave --resume away"),
    (r"Read without total_order;[^.]*", "Leave --resume away"),
    (r"with_options\(total_order=True\) makes a read that", "--resume makes an extraction that"),
    (r"or start again with resume=False", "or remove that folder to start again"),
    (r"Start it again with resume=False", "Remove the folder that it is in to start again"),
    (r"overwrite=True \(--overwrite\)", "--overwrite"),
    (r'on_change="restart" \(--on-change restart\)', "--on-change restart"),
    (r"leave away deadline=", "leave away --deadline"),
    (r"keyring set (?:'mstr-arrow .*?'|mstr-arrow\S*) (?:'.*?'|\S+)$", "Store it by mstr-arrow login."),
)
_PATTERNS = [(re.compile(pattern), words) for pattern, words in _WORDS]


def as_options(text: str) -> str:
    """Name options, variables and keys of profiles where a text names arguments.

    >>> as_options("Check host, port, VPN and proxy, or raise Timeouts.connect.")
    'Check host, port, VPN and proxy, or raise --connect-timeout.'
    >>> as_options("Give the issuing authority's PEM file as Tls(ca_file=…).")
    "Give the issuing authority's PEM file as --ca-file."
    """
    for pattern, words in _PATTERNS:
        text = pattern.sub(words, text)
    return text
