"""The routes of the REST API that the simulator serves, by subject."""

from mstr_arrow.simulator.protocol.call import Call, Route

from .auth import ROUTES as AUTH_ROUTES
from .caches import ROUTES as CACHE_ROUTES
from .cubes import ROUTES as CUBE_ROUTES
from .data_models import ROUTES as DATA_MODEL_ROUTES
from .datasets import ROUTES as DATASET_ROUTES
from .elements import ROUTES as ELEMENT_ROUTES
from .folders import ROUTES as FOLDER_ROUTES
from .instances import ROUTES as INSTANCE_ROUTES
from .jobs import ROUTES as JOB_ROUTES
from .objects import ROUTES as OBJECT_ROUTES
from .prompts import ROUTES as PROMPT_ROUTES
from .reports import ROUTES as REPORT_ROUTES
from .searches import ROUTES as SEARCH_ROUTES
from .sqlview import ROUTES as SQL_ROUTES
from .subscriptions import ROUTES as SUBSCRIPTION_ROUTES
from .uploads import ROUTES as UPLOAD_ROUTES
from .users import ROUTES as USER_ROUTES

ROUTES = (
    *AUTH_ROUTES,
    *OBJECT_ROUTES,
    *FOLDER_ROUTES,
    *CUBE_ROUTES,
    *REPORT_ROUTES,
    *ELEMENT_ROUTES,
    *INSTANCE_ROUTES,
    *PROMPT_ROUTES,
    *SEARCH_ROUTES,
    *JOB_ROUTES,
    *CACHE_ROUTES,
    *SQL_ROUTES,
    *DATASET_ROUTES,
    *DATA_MODEL_ROUTES,
    *UPLOAD_ROUTES,
    *SUBSCRIPTION_ROUTES,
    *USER_ROUTES,
)

__all__ = ["ROUTES", "Call", "Route"]
