"""A kind of thing that rows may name: people, legal entities, and whatever else has a ``resolve.yml``."""

from citylake.contract.role import Model, Name
from citylake.spelling import table_name


class Kind(Model):
    """All that a ``resolve.yml`` has to say where somebody has written the library's crosswalk: contract and transform."""

    kind: Name
    """As the ``identity:`` of the clean contracts names it."""
    library: Name
    noun: str
    """What one of the things is called, in Chinese."""

    @property
    def crosswalk(self) -> str:
        """Name of the crosswalk table."""
        return table_name("base", self.library, "crosswalk")
