"""Bring what a department offers for one resource."""

import logging
from collections.abc import Iterator
from datetime import date

from citylake.contract.department import Department
from citylake.contract.model import CollectedContract
from citylake.settings import Settings
from citylake.sources.api import fetch_api
from citylake.sources.database import fetch_database
from citylake.sources.inbox import fetch_files
from citylake.sources.limits import Limits
from citylake.sources.offer import Offer

log = logging.getLogger(__name__)


def fetch(
    contract: CollectedContract,
    settings: Settings,
    department: Department,
    business_date: date,
    *,
    watermark: str | None = None,
    tail: str | None = None,
    limits: Limits | None = None,
) -> Iterator[Offer]:
    """Yield what is offered, one delivery at a time, in the order of as-of and name.

    Each ``Fetched`` is to be landed and written to the ledger, then released; each ``Rejected`` is to be refused with
    its error, then released. The staged file of an offer is gone once the next one is asked for. Nothing offered yields
    nothing; a change or event resource with a watermark and nothing else than its tail yields nothing either.

    Args:
        contract: the resource.
        settings: the lake's.
        department: who delivers; its connection is used unless the contract names one.
        business_date: the night's date.
        watermark: that of the latest accepted delivery; what is newer, and the overlap, is asked for. A snapshot is always
            whole.
        tail: that of the same delivery; an answer that is only this is nothing new.
        limits: bounds; default ``Limits()``.

    Raises:
        UnreachableError: the database or API did not answer or stopped half-way; nothing was received.
        DeliveryError: the drop folder or the table cannot be used at all.
    """
    source = contract.source
    bounds = (limits or Limits()).within(source.limits)
    log.debug("fetch", extra={"resource": contract.resource, "form": source.form, "business_date": str(business_date)})
    if source.form == "database":
        yield from fetch_database(contract, settings, department, business_date, watermark, tail, bounds)
    elif source.form == "json_api":
        yield from fetch_api(contract, settings, department, business_date, watermark, tail, bounds)
    else:
        yield from fetch_files(contract, settings, department, business_date, bounds)
