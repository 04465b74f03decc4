"""Contents, ways of delivery and recipients of subscriptions: frozen objects, checked before anything is sent."""

from mstr_arrow.delivery.contents import (
    Bursting,
    Content,
    PdfSettings,
    Personalization,
    RefreshCondition,
    TableRefresh,
)
from mstr_arrow.delivery.modes import Cache, Email, HistoryList, Other, Zip
from mstr_arrow.delivery.recipients import Recipient

__all__ = [
    "Bursting",
    "Cache",
    "Content",
    "Email",
    "HistoryList",
    "Other",
    "PdfSettings",
    "Personalization",
    "Recipient",
    "RefreshCondition",
    "TableRefresh",
    "Zip",
]
