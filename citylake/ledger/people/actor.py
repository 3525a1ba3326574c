"""Who is at the keyboard, as the kernel knows it: what a variable of the environment says anybody can set."""

import os
import pwd
from pathlib import Path

_LOGIN = Path("/proc/self/loginuid")
_NOBODY_LOGGED_IN = 2**32 - 1


def actor() -> str:
    """Return the user who logged in, and as whom this process runs where that is somebody else (sudo, su)."""
    own, login = os.getuid(), _login()
    return _name(own) if login in (None, own) else f"{_name(login)} as {_name(own)}"


def _login() -> int | None:
    """Return the uid of the login that this process descends from; None where none is known, as in a container."""
    try:
        uid = int(_LOGIN.read_text("ascii"))
    except (OSError, ValueError):
        return None
    return None if uid == _NOBODY_LOGGED_IN else uid


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
