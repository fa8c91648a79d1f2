"""Contains all the data models used in inputs/outputs"""

from .admin_key import AdminKey
from .admin_key_access import AdminKeyAccess
from .admin_key_status import AdminKeyStatus
from .aliases import Aliases
from .allowed_models import AllowedModels
from .archive_health import ArchiveHealth
from .archived_event import ArchivedEvent
from .budget import Budget
from .by import By
from .changed_member import ChangedMember
from .changed_project import ChangedProject
from .changed_user import ChangedUser
from .credentials import Credentials
from .current_session import CurrentSession
from .current_user import CurrentUser
from .event_page import EventPage
from .issued_key import IssuedKey
from .key import Key
from .limits import Limits
from .log_health import LogHealth
from .member import Member
from .member_role import MemberRole
from .membership import Membership
from .mode import Mode
from .model import Model
from .new_admin_key import NewAdminKey
from .new_key import NewKey
from .new_member import NewMember
from .new_model import NewModel
from .new_password import NewPassword
from .new_price import NewPrice
from .new_project import NewProject
from .new_user import NewUser
from .opened_session import OpenedSession
from .page_admin_key import PageAdminKey
from .page_key import PageKey
from .page_member import PageMember
from .page_model import PageModel
from .page_price import PagePrice
from .page_project import PageProject
from .page_session import PageSession
from .page_user import PageUser
from .period import Period
from .price import Price
from .problem import Problem
from .project import Project
from .project_status import ProjectStatus
from .projection_health import ProjectionHealth
from .relay_health import RelayHealth
from .request_page import RequestPage
from .request_story import RequestStory
from .request_summary import RequestSummary
from .session import Session
from .stream_health import StreamHealth
from .upstream import Upstream
from .upstreams import Upstreams
from .usage_line import UsageLine
from .usage_report import UsageReport
from .user import User
from .user_access import UserAccess
from .user_identity import UserIdentity
from .user_sign_in import UserSignIn
from .user_status import UserStatus
from .written import Written

__all__ = (
    "AdminKey",
    "AdminKeyAccess",
    "AdminKeyStatus",
    "Aliases",
    "AllowedModels",
    "ArchiveHealth",
    "ArchivedEvent",
    "Budget",
    "By",
    "ChangedMember",
    "ChangedProject",
    "ChangedUser",
    "Credentials",
    "CurrentSession",
    "CurrentUser",
    "EventPage",
    "IssuedKey",
    "Key",
    "Limits",
    "LogHealth",
    "Member",
    "MemberRole",
    "Membership",
    "Mode",
    "Model",
    "NewAdminKey",
    "NewKey",
    "NewMember",
    "NewModel",
    "NewPassword",
    "NewPrice",
    "NewProject",
    "NewUser",
    "OpenedSession",
    "PageAdminKey",
    "PageKey",
    "PageMember",
    "PageModel",
    "PagePrice",
    "PageProject",
    "PageSession",
    "PageUser",
    "Period",
    "Price",
    "Problem",
    "Project",
    "ProjectStatus",
    "ProjectionHealth",
    "RelayHealth",
    "RequestPage",
    "RequestStory",
    "RequestSummary",
    "Session",
    "StreamHealth",
    "Upstream",
    "Upstreams",
    "UsageLine",
    "UsageReport",
    "User",
    "UserAccess",
    "UserIdentity",
    "UserSignIn",
    "UserStatus",
    "Written",
)
