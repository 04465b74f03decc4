import copy
import getpass
import math
import pickle
from dataclasses import replace

import pytest

from mstr_arrow import errors, secrets
from mstr_arrow.config import Limits, Network, Proxy, Retry, Settings, Timeouts, Tls


@pytest.mark.parametrize("field", ["connect", "read", "execute", "publish", "logout", "total"])
@pytest.mark.parametrize("value", [0, -1, math.inf, math.nan, "60", True])
def test_a_time_out_is_a_number_of_seconds(field, value):
    with pytest.raises(errors.UsageError, match=rf"Timeouts\.{field} is .*above 0"):
        Timeouts(**{field: value})


def test_only_the_total_may_be_left_open():
    assert Timeouts().total is None
    with pytest.raises(errors.UsageError, match=r"Timeouts\.read is None"):
        Timeouts(read=None)


@pytest.mark.parametrize("field", ["page_bytes", "page_rows", "first_page_rows", "concurrency", "buffer_bytes"])
@pytest.mark.parametrize("value", [0, -5, 1.5, "6", True])
def test_limits_are_counts(field, value):
    with pytest.raises(errors.UsageError, match=rf"Limits\.{field} is .*whole number"):
        Limits(**{field: value})


def test_repetitions_are_counted_and_bounded():
    assert Retry(attempts=1, seconds=0, wait_initial=0, wait_max=0).attempts == 1
    for wrong in ({"attempts": 0}, {"seconds": -1}, {"wait_max": math.inf}, {"wait_initial": None}):
        with pytest.raises(errors.UsageError, match=f"Retry.{next(iter(wrong))}"):
            Retry(**wrong)


@pytest.mark.parametrize(
    ("given", "shown", "username", "password"),
    [
        ("proxy", "http://proxy", None, None),
        (" http://proxy:3128/ ", "http://proxy:3128", None, None),
        ("https://[fd00::1]:3128", "https://[fd00::1]:3128", None, None),
        ("http://ann@proxy", "http://proxy", "ann", ""),
        ("http://a%40b:p%3Aw%2F@proxy:1", "http://proxy:1", "a@b", "p:w/"),
    ],
)
def test_a_proxy_is_read_from_its_url(given, shown, username, password):
    proxy = Proxy(given)
    assert (proxy.url, proxy.username, proxy.password) == (shown, username, password)
    assert repr(proxy) == f"Proxy(url={shown!r}, username={username!r})"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("",), "cannot be read"),
        (("http://",), "cannot be read"),
        (("http://proxy:99999",), "cannot be read"),
        (("http://ann:s3/cret@proxy",), "cannot be read"),
        (("http://ann:12/s3cret@proxy",), "cannot be read"),
        (("socks5://ann:s3cret@proxy",), "socks5://"),
        (("http://ann:s3cret@proxy", "ann", "s3cret"), "twice"),
        (("http://proxy", None, "s3cret"), "without Proxy.username"),
        (("http://proxy", "a:b", "s3cret"), "colon"),
    ],
)
def test_a_proxy_that_cannot_be_meant_is_refused_without_its_password(arguments, said):
    with pytest.raises(errors.UsageError, match=said) as caught:
        Proxy(*arguments)
    assert "s3" not in str(caught.value)


def test_settings_show_no_password():
    secret = "s3cret"
    settings = Settings(
        network=Network(proxy={"https": f"http://ann:{secret}@proxy", "http": Proxy("p", "ann", secret)}),
        tls=Tls(cert_file="c.pem", key_password=secret),
        on_event=print,
    )
    assert secret not in repr(settings)
    assert "http://proxy" in repr(settings)


@pytest.mark.parametrize("proxy", [{"ftp": "p"}, {"https://bi.example.com": "p"}, 3128, {"http": 3128}])
def test_a_network_that_cannot_be_meant_is_refused(proxy):
    with pytest.raises(errors.UsageError, match=r"Network\.proxy"):
        Network(proxy=proxy)
    with pytest.raises(errors.UsageError, match=r"Network\.connections"):
        Network(connections=0)


@pytest.mark.parametrize(
    "tls",
    [
        {"key_file": "k.pem"},
        {"key_password": "s3cret"},
        {"verify": "/etc/ca.pem"},
        {"verify": None},
        {"verify": False, "ca_file": "ca.pem"},
        {"verify": False, "system_store": True},
    ],
)
def test_contradictory_settings_of_tls_are_refused(tls):
    with pytest.raises(errors.UsageError, match="Tls") as caught:
        Tls(**tls)
    assert "s3cret" not in str(caught.value)


def test_an_event_function_is_called_not_awaited():
    async def later(event):
        raise AssertionError(event)

    for wrong in (later, "print"):
        with pytest.raises(errors.UsageError, match="on_event"):
            Settings(on_event=wrong)


# Pickles

HELD = [
    Proxy("http://ann:s3cret@proxy.example.com:3128"),
    Proxy("http://proxy.example.com", "ann", "s3cret"),
    Network(proxy={"https": "http://ann:s3cret@proxy.example.com"}),
    Tls(cert_file="c.pem", key_password="s3cret"),
    Settings(tls=Tls(cert_file="c.pem", key_password="s3cret")),
    Settings(network=Network(proxy="http://ann:s3cret@proxy.example.com")),
]


@pytest.mark.parametrize("settings", HELD)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_not_pickled_in_clear(settings, protocol):
    with pytest.raises(errors.UsageError, match=r"which a pickle would hold .* ma.secrets.env") as refused:
        pickle.dumps(settings, protocol)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(timeouts=Timeouts(read=5), network=Network(proxy="http://proxy.example.com", no_proxy="a,b")),
        Settings(tls=Tls(cert_file="c.pem", ca_file="ca.pem")),
        Proxy("http://proxy.example.com:3128", "ann", getpass.getuser),
        Tls(cert_file="c.pem", key_password=getpass.getuser),
    ],
)
def test_settings_without_secrets_are_pickled(settings):
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_the_place_of_a_secret_is_pickled():
    kept = pickle.loads(pickle.dumps(Proxy("proxy.example.com", "ann", secrets.env("PROXY_PASSWORD"))))
    assert repr(kept.password) == "<Secret environment variable 'PROXY_PASSWORD'>"


@pytest.mark.parametrize("settings", HELD)
def test_settings_with_secrets_are_copied(settings):
    assert copy.deepcopy(settings) == copy.copy(settings) == replace(settings) == settings
