"""Contains all the data models used in inputs/outputs"""

from .aliases import Aliases
from .allowed_models import AllowedModels
from .archive_health import ArchiveHealth
from .archived_event import ArchivedEvent
from .by import By
from .event_page import EventPage
from .issued_key import IssuedKey
from .key import Key
from .log_health import LogHealth
from .model import Model
from .new_key import NewKey
from .new_model import NewModel
from .new_price import NewPrice
from .page_key import PageKey
from .page_model import PageModel
from .page_price import PagePrice
from .page_project import PageProject
from .price import Price
from .problem import Problem
from .project import Project
from .project_name import ProjectName
from .projection_health import ProjectionHealth
from .relay_health import RelayHealth
from .request_page import RequestPage
from .request_story import RequestStory
from .request_summary import RequestSummary
from .stream_health import StreamHealth
from .upstream import Upstream
from .upstreams import Upstreams
from .usage_line import UsageLine
from .usage_report import UsageReport
from .written import Written

__all__ = (
    "Aliases",
    "AllowedModels",
    "ArchiveHealth",
    "ArchivedEvent",
    "By",
    "EventPage",
    "IssuedKey",
    "Key",
    "LogHealth",
    "Model",
    "NewKey",
    "NewModel",
    "NewPrice",
    "PageKey",
    "PageModel",
    "PagePrice",
    "PageProject",
    "Price",
    "Problem",
    "Project",
    "ProjectName",
    "ProjectionHealth",
    "RelayHealth",
    "RequestPage",
    "RequestStory",
    "RequestSummary",
    "StreamHealth",
    "Upstream",
    "Upstreams",
    "UsageLine",
    "UsageReport",
    "Written",
)
