"""Every file ``<layer>/<library>/<thing>/<case>.yml`` is a test; nothing registers it."""

from collections.abc import Iterator

import pytest

from citylake.verify import identifiers
from citylake.verify.store import Store, opened


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """The second engine's store."""
    with opened("Asia/Shanghai") as made:
        identifiers.install(made)
        yield made
