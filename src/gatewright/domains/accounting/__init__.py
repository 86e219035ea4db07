"""Accounting: projects, allocations, fair share and usage of each system."""

from gatewright.domains.accounting.burn_down import BurnDown, Resource, burn_down
from gatewright.domains.accounting.forecasting import LONGEST, Forecast, forecast
from gatewright.domains.accounting.keeper import Keeper
from gatewright.domains.accounting.model import (
    DAY_SECONDS,
    NO_PROJECT,
    Allocation,
    Amount,
    By,
    Coverage,
    FairShare,
    Limits,
    Member,
    Project,
    Report,
    UsageLine,
    UsageQuery,
    Use,
    Viewer,
    day_of,
    day_text,
)
from gatewright.domains.accounting.ports import AccountBook, AccountingSource
from gatewright.domains.accounting.service import (
    LONGEST_DAYS,
    USUAL_DAYS,
    Accounting,
    UsageAnswer,
)

__all__ = [
    "DAY_SECONDS",
    "LONGEST",
    "LONGEST_DAYS",
    "NO_PROJECT",
    "USUAL_DAYS",
    "AccountBook",
    "Accounting",
    "AccountingSource",
    "Allocation",
    "Amount",
    "BurnDown",
    "By",
    "Coverage",
    "FairShare",
    "Forecast",
    "Keeper",
    "Limits",
    "Member",
    "Project",
    "Report",
    "Resource",
    "UsageAnswer",
    "UsageLine",
    "UsageQuery",
    "Use",
    "Viewer",
    "burn_down",
    "day_of",
    "day_text",
    "forecast",
]
