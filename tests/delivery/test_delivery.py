"""What is delivered how and to whom, checked before it is sent."""

from datetime import date

import pytest

from mstr_arrow import delivery
from mstr_arrow.delivery.modes import read_delivery
from mstr_arrow.errors import UsageError


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: delivery.Email(subject="x" * 266),
            "the subject of an e-mail has 266 characters. The server takes 265",
        ),
        (lambda: delivery.Email(message="x" * 1001), "1,001 characters"),
        (lambda: delivery.Email(subject=5), "is 5, which is no text"),
        (lambda: delivery.Email(send_content_as="dat"), "Did you mean 'data'"),
        (lambda: delivery.Email(overwrite_older_version="yes"), "True or False"),
        (lambda: delivery.Email(expiration="31.1.2027"), "a date such as"),
        (lambda: delivery.Email(expiration=20270131), "a date such as"),
        (lambda: delivery.Email(zip="sales.zip"), r"It is a Zip\(…\)"),
        (lambda: delivery.Zip(password=""), "no text, or empty"),
        (lambda: delivery.Cache(shortcut_cache_format="XML"), "'RESERVED', 'JSON', 'BINARY', 'BOTH'"),
        (lambda: delivery.Cache(library_cache_types=5), "a list of texts"),
        (lambda: delivery.Other("", {}), "no mode"),
        (lambda: delivery.Other("FTP", [3]), "a dict"),
        (lambda: delivery.Personalization(format_type="EXEL"), "Did you mean 'EXCEL'"),
        (lambda: delivery.Personalization(view_mode="grit"), "Did you mean 'GRID'"),
        (delivery.RefreshCondition, "neither tables nor a policy"),
        (lambda: delivery.RefreshCondition(tables={"A": "upsrt"}), "Did you mean 'upsert'"),
        (lambda: delivery.TableRefresh(table="A"), "its name or id and a policy"),
        (lambda: delivery.Content("x", type="reprot"), "Did you mean 'report'"),
        (lambda: delivery.Content("x", "PDF"), r"It is a Personalization\(…\)"),
        (lambda: delivery.Content("x", refresh="replace"), r"It is a RefreshCondition\(…\)"),
        (lambda: delivery.Recipient("x", include="CCC"), "Did you mean 'CC'"),
        (lambda: delivery.Recipient("x", type="usr"), "Did you mean 'user'"),
    ],
)
def test_what_cannot_be_meant_is_refused_when_it_is_made(make, said):
    with pytest.raises(UsageError, match=said):
        make()


def test_words_may_be_in_any_case_and_dates_be_dates():
    assert delivery.Personalization(format_type="Pdf", view_mode="grid").body() == {
        "viewMode": "GRID",
        "formatType": "PDF",
    }
    assert delivery.Email(expiration=date(2027, 1, 31)) == delivery.Email(expiration="2027-01-31")
    assert delivery.Content("x", type="Dashboard").type == "dossier"


def test_every_member_has_its_name_on_the_wire():
    mail = delivery.Email(
        subject="s",
        message="m",
        filename="f",
        space_delimiter="_",
        send_content_as="DATA_AND_HISTORY_LIST",
        overwrite_older_version=True,
        zip=delivery.Zip(filename="z"),
        expiration="2027-01-31",
        expiration_time_zone="UTC",
        contact_security=False,
    )
    assert mail.body() == {
        "mode": "EMAIL",
        "expiration": "2027-01-31",
        "expirationTimeZone": "UTC",
        "contactSecurity": False,
        "email": {
            "subject": "s",
            "message": "m",
            "filename": "f",
            "spaceDelimiter": "_",
            "sendContentAs": "data_and_history_list",
            "overwriteOlderVersion": True,
            "zip": {"filename": "z"},
        },
    }
    cache = delivery.Cache(
        cache_type="RESERVED",
        shortcut_cache_format="both",
        library_cache_types="web",
        reuse_dataset_cache=False,
        is_all_library_users=True,
    )
    assert cache.body()["cache"] == {
        "cacheType": "RESERVED",
        "shortcutCacheFormat": "BOTH",
        "libraryCacheTypes": ["web"],
        "reuseDatasetCache": False,
        "isAllLibraryUsers": True,
    }
    assert (read_delivery(mail.body()), read_delivery(cache.body())) == (mail, cache)


def test_what_a_server_says_oddly_is_kept_as_it_is():
    odd = {"mode": "email", "email": {"subject": 5}}
    assert read_delivery(odd) == delivery.Other("EMAIL", {"email": {"subject": 5}})
    assert read_delivery({"mode": "HISTORY_LIST", "softDisabled": True}) == delivery.HistoryList()


def test_a_password_is_shown_nowhere():
    secret = delivery.Email(zip=delivery.Zip(password="s3cret"))
    assert "s3cret" not in repr(secret) + str(secret.body())
