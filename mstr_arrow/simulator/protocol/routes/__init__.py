"""The routes of the REST API that the simulator serves, by subject."""

from mstr_arrow.simulator.protocol.call import Call, Route

from .auth_routes import ROUTES as AUTH_ROUTES
from .cache_routes import ROUTES as CACHE_ROUTES
from .cube_routes import ROUTES as CUBE_ROUTES
from .data_model_routes import ROUTES as DATA_MODEL_ROUTES
from .dataset_routes import ROUTES as DATASET_ROUTES
from .element_routes import ROUTES as ELEMENT_ROUTES
from .folder_routes import ROUTES as FOLDER_ROUTES
from .instance_routes import ROUTES as INSTANCE_ROUTES
from .job_routes import ROUTES as JOB_ROUTES
from .object_routes import ROUTES as OBJECT_ROUTES
from .prompt_routes import ROUTES as PROMPT_ROUTES
from .report_routes import ROUTES as REPORT_ROUTES
from .search_routes import ROUTES as SEARCH_ROUTES
from .sql_routes import ROUTES as SQL_ROUTES
from .subscription_routes import ROUTES as SUBSCRIPTION_ROUTES
from .upload_routes import ROUTES as UPLOAD_ROUTES
from .user_routes import ROUTES as USER_ROUTES

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
