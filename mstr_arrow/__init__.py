"""Move data between MicroStrategy (Strategy One) Intelligence Servers and Arrow."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from mstr_arrow.lazy import exporter as _exporter
from mstr_arrow.version import __version__

if _TYPE_CHECKING:
    from mstr_arrow import delivery, duckdb, errors, events, jobs, prompts, secrets, throughput
    from mstr_arrow.caches.cache import CubeCache, CubeCaches
    from mstr_arrow.catalog.catalogue import Catalogue, CatalogueEntry, ListingProgress
    from mstr_arrow.catalog.details import CubeDetails
    from mstr_arrow.catalog.object_info import ObjectInfo, Objects
    from mstr_arrow.config import Limits, Network, Proxy, Retry, SessionSettings, Settings, Timeouts, Tls
    from mstr_arrow.connection import Connection
    from mstr_arrow.datamodels.parameters import ModelParameter, ModelParameters
    from mstr_arrow.datamodels.tables import ModelTable, ModelTables
    from mstr_arrow.errors import DataLossWarning, MstrError
    from mstr_arrow.extract.extract_options import ExtractOptions
    from mstr_arrow.extract.extract_result import ExtractResult
    from mstr_arrow.fetch.bad_values import BadValues
    from mstr_arrow.fetch.batches import Batches
    from mstr_arrow.fetch.read_options import ScanOptions
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.files.locations import Location
    from mstr_arrow.files.store_folder import list_parts
    from mstr_arrow.objects.cube import Cube, CubeInfo
    from mstr_arrow.objects.data_model import DataModel
    from mstr_arrow.objects.report import Report
    from mstr_arrow.objects.supercube import SuperCube
    from mstr_arrow.opening import connect, connect_async
    from mstr_arrow.publishing.cube_status import CubeStatus
    from mstr_arrow.publishing.publication import Publication
    from mstr_arrow.publishing.publication_status import PublicationStatus
    from mstr_arrow.query.reference import col
    from mstr_arrow.scan.scan import Scan
    from mstr_arrow.subscriptions.delivery_status import DeliveryStatus
    from mstr_arrow.subscriptions.schedules import Schedule
    from mstr_arrow.subscriptions.subscription import Subscription, Subscriptions
    from mstr_arrow.upload.write_result import UploadProgress, WriteResult
    from mstr_arrow.users.people import Address
    from mstr_arrow.users.user import User, Users

__all__ = [
    "Address",
    "BadValues",
    "Batches",
    "Catalogue",
    "CatalogueEntry",
    "Connection",
    "Cube",
    "CubeCache",
    "CubeCaches",
    "CubeDetails",
    "CubeInfo",
    "CubeStatus",
    "DataLossWarning",
    "DataModel",
    "DeliveryStatus",
    "ExtractOptions",
    "ExtractResult",
    "Limits",
    "ListingProgress",
    "Location",
    "ModelParameter",
    "ModelParameters",
    "ModelTable",
    "ModelTables",
    "MstrError",
    "Network",
    "ObjectInfo",
    "Objects",
    "Proxy",
    "Publication",
    "PublicationStatus",
    "Report",
    "Retry",
    "Scan",
    "ScanOptions",
    "ScanStats",
    "Schedule",
    "SessionSettings",
    "Settings",
    "Subscription",
    "Subscriptions",
    "SuperCube",
    "Timeouts",
    "Tls",
    "UploadProgress",
    "User",
    "Users",
    "WriteResult",
    "__version__",
    "col",
    "connect",
    "connect_async",
    "delivery",
    "duckdb",
    "errors",
    "events",
    "jobs",
    "list_parts",
    "prompts",
    "secrets",
    "throughput",
]

_HOMES = {
    "caches.cache": ("CubeCache", "CubeCaches"),
    "catalog.catalogue": ("Catalogue", "CatalogueEntry", "ListingProgress"),
    "catalog.details": ("CubeDetails",),
    "catalog.object_info": ("ObjectInfo", "Objects"),
    "config": ("Limits", "Network", "Proxy", "Retry", "SessionSettings", "Settings", "Timeouts", "Tls"),
    "connection": ("Connection",),
    "datamodels.parameters": ("ModelParameter", "ModelParameters"),
    "datamodels.tables": ("ModelTable", "ModelTables"),
    "errors": ("DataLossWarning", "MstrError", "errors"),
    "extract.extract_result": ("ExtractResult",),
    "extract.extract_options": ("ExtractOptions",),
    "fetch.bad_values": ("BadValues",),
    "fetch.batches": ("Batches",),
    "fetch.read_options": ("ScanOptions",),
    "fetch.stats": ("ScanStats",),
    "files.locations": ("Location",),
    "files.store_folder": ("list_parts",),
    "objects.cube": ("Cube", "CubeInfo"),
    "objects.data_model": ("DataModel",),
    "objects.report": ("Report",),
    "objects.supercube": ("SuperCube",),
    "opening": ("connect", "connect_async"),
    "publishing.cube_status": ("CubeStatus",),
    "publishing.publication": ("Publication",),
    "publishing.publication_status": ("PublicationStatus",),
    "query.reference": ("col",),
    "scan.scan": ("Scan",),
    "subscriptions.schedules": ("Schedule",),
    "subscriptions.delivery_status": ("DeliveryStatus",),
    "subscriptions.subscription": ("Subscription", "Subscriptions"),
    "upload.write_result": ("UploadProgress", "WriteResult"),
    "users.people": ("Address",),
    "users.user": ("User", "Users"),
    "delivery": (),
    "duckdb": (),
    "events": (),
    "jobs": (),
    "prompts": (),
    "secrets": (),
    "throughput": (),
}

if not _TYPE_CHECKING:
    __getattr__ = _exporter(__name__, _HOMES)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
