"""A library: who answers for it, what it is for, which systems it serves, and the questions it answers."""

from typing import Annotated

from pydantic import Field

from citylake.contract.model import Model, Name

LIBRARY_LAYERS = ("base", "topic", "office", "special")
"""Layers whose folders are libraries."""

Text = Annotated[str, Field(min_length=1)]


class Question(Model):
    """What people ask of a library, and how an analyst asks it."""

    ask: Text
    """In Chinese."""
    sql: Text
    """One SELECT over published tables; ``:business_date`` is the night's."""


class Library(Model):
    """One file ``schemas/<layer>/<library>/library.yml``."""

    id: str
    """``<layer>.<library>``, from the path."""
    name: Text
    """Chinese name."""
    owner: Name
    """Department that answers for it."""
    purpose: Text
    """One sentence: what it is for."""
    serves: tuple[str, ...] = Field(min_length=1)
    """Systems whose data part it does, by their ids in ``systems.yml``."""
    questions: tuple[Question, ...] = Field(min_length=3, max_length=6)

    @property
    def file(self) -> str:
        """Its file, from the project's folder on."""
        return f"schemas/{self.id.replace('.', '/')}/library.yml"
