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
from .change import Change
from .changed_key import ChangedKey
from .changed_key_model_limits_type_0 import ChangedKeyModelLimitsType0
from .changed_member import ChangedMember
from .changed_model import ChangedModel
from .changed_project import ChangedProject
from .changed_serving_terms import ChangedServingTerms
from .changed_upstream import ChangedUpstream
from .changed_user import ChangedUser
from .charge import Charge
from .charge_rates_type_0 import ChargeRatesType0
from .charge_reported_units_type_0 import ChargeReportedUnitsType0
from .charge_units import ChargeUnits
from .credentials import Credentials
from .current_session import CurrentSession
from .current_user import CurrentUser
from .database_health import DatabaseHealth
from .event_page import EventPage
from .field import Field
from .installation import Installation
from .issued_key import IssuedKey
from .key import Key
from .key_model_limits import KeyModelLimits
from .key_status import KeyStatus
from .limits import Limits
from .log_health import LogHealth
from .member import Member
from .member_role import MemberRole
from .membership import Membership
from .mode import Mode
from .model import Model
from .model_kind import ModelKind
from .model_status import ModelStatus
from .new_admin_key import NewAdminKey
from .new_key import NewKey
from .new_key_model_limits_type_0 import NewKeyModelLimitsType0
from .new_member import NewMember
from .new_model import NewModel
from .new_password import NewPassword
from .new_price import NewPrice
from .new_price_rates_type_0 import NewPriceRatesType0
from .new_project import NewProject
from .new_user import NewUser
from .opened_session import OpenedSession
from .page_admin_key import PageAdminKey
from .page_change import PageChange
from .page_charge import PageCharge
from .page_key import PageKey
from .page_member import PageMember
from .page_model import PageModel
from .page_price import PagePrice
from .page_project import PageProject
from .page_request_summary import PageRequestSummary
from .page_session import PageSession
from .page_user import PageUser
from .page_worker import PageWorker
from .period import Period
from .price import Price
from .price_condition import PriceCondition
from .price_rates import PriceRates
from .price_rule import PriceRule
from .price_rule_rates import PriceRuleRates
from .problem import Problem
from .process import Process
from .process_role import ProcessRole
from .project import Project
from .project_status import ProjectStatus
from .projection_health import ProjectionHealth
from .relay_health import RelayHealth
from .request_attempt import RequestAttempt
from .request_attempt_units_type_0 import RequestAttemptUnitsType0
from .request_status import RequestStatus
from .request_story import RequestStory
from .request_summary import RequestSummary
from .request_summary_reported_units_type_0 import RequestSummaryReportedUnitsType0
from .request_summary_units import RequestSummaryUnits
from .rotation import Rotation
from .secret_key import SecretKey
from .serving_terms import ServingTerms
from .session import Session
from .storage_health import StorageHealth
from .stream_health import StreamHealth
from .stream_options import StreamOptions
from .upstream import Upstream
from .upstream_health import UpstreamHealth
from .upstream_list import UpstreamList
from .upstream_presence import UpstreamPresence
from .upstreams import Upstreams
from .usage_line import UsageLine
from .usage_line_units import UsageLineUnits
from .usage_report import UsageReport
from .user import User
from .user_access import UserAccess
from .user_identity import UserIdentity
from .user_sign_in import UserSignIn
from .user_status import UserStatus
from .worker import Worker
from .worker_failure import WorkerFailure
from .worker_presence import WorkerPresence
from .worker_status import WorkerStatus
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
    "Change",
    "ChangedKey",
    "ChangedKeyModelLimitsType0",
    "ChangedMember",
    "ChangedModel",
    "ChangedProject",
    "ChangedServingTerms",
    "ChangedUpstream",
    "ChangedUser",
    "Charge",
    "ChargeRatesType0",
    "ChargeReportedUnitsType0",
    "ChargeUnits",
    "Credentials",
    "CurrentSession",
    "CurrentUser",
    "DatabaseHealth",
    "EventPage",
    "Field",
    "Installation",
    "IssuedKey",
    "Key",
    "KeyModelLimits",
    "KeyStatus",
    "Limits",
    "LogHealth",
    "Member",
    "MemberRole",
    "Membership",
    "Mode",
    "Model",
    "ModelKind",
    "ModelStatus",
    "NewAdminKey",
    "NewKey",
    "NewKeyModelLimitsType0",
    "NewMember",
    "NewModel",
    "NewPassword",
    "NewPrice",
    "NewPriceRatesType0",
    "NewProject",
    "NewUser",
    "OpenedSession",
    "PageAdminKey",
    "PageChange",
    "PageCharge",
    "PageKey",
    "PageMember",
    "PageModel",
    "PagePrice",
    "PageProject",
    "PageRequestSummary",
    "PageSession",
    "PageUser",
    "PageWorker",
    "Period",
    "Price",
    "PriceCondition",
    "PriceRates",
    "PriceRule",
    "PriceRuleRates",
    "Problem",
    "Process",
    "ProcessRole",
    "Project",
    "ProjectStatus",
    "ProjectionHealth",
    "RelayHealth",
    "RequestAttempt",
    "RequestAttemptUnitsType0",
    "RequestStatus",
    "RequestStory",
    "RequestSummary",
    "RequestSummaryReportedUnitsType0",
    "RequestSummaryUnits",
    "Rotation",
    "SecretKey",
    "ServingTerms",
    "Session",
    "StorageHealth",
    "StreamHealth",
    "StreamOptions",
    "Upstream",
    "UpstreamHealth",
    "UpstreamList",
    "UpstreamPresence",
    "Upstreams",
    "UsageLine",
    "UsageLineUnits",
    "UsageReport",
    "User",
    "UserAccess",
    "UserIdentity",
    "UserSignIn",
    "UserStatus",
    "Worker",
    "WorkerFailure",
    "WorkerPresence",
    "WorkerStatus",
    "Written",
)
