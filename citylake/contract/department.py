"""A department: who it is, when its collection starts and how it is reached."""

from typing import Literal

from pydantic import Field

from citylake.contract.model import Model, Name


class Department(Model):
    """One file ``schemas/departments/<id>.yml``."""

    id: Name
    name: str
    """Chinese name, as on reports."""
    cron: str = Field(pattern=r"^\d{1,2} \d{1,2} \* \* \*$")
    """Minute and hour at which its collection starts, city time; between 00:00 and the cut-off."""
    connection: Name | None = None
    """Connection id of its database or API."""
    contact: str = ""
    """Office that answers for the data; no person's name."""
    org_code_kind: Literal["11", "12", "13", "91"] = "11"
