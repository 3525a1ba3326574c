"""The command ``citylake``: each module of this package adds its commands to ``app``.

A module with commands offers ``register(app)``; ``terminal`` and ``screen`` are what these share. What is slow (PySpark,
Great Expectations) is imported inside the commands, so that ``citylake --help`` answers at once.
"""

import importlib
import os
import pkgutil

import typer

from citylake.deployment import PRIVATE


def _close_files() -> None:
    os.umask(PRIVATE)


app = typer.Typer(
    name="citylake",
    callback=_close_files,
    help="The city's lake: nights, tables, receipts, services.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

for _module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
    if register := getattr(importlib.import_module(f"{__name__}.{_module}"), "register", None):
        register(app)
