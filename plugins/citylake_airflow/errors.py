"""How a task of the lake ends when it does not end well."""


class RefusedError(Exception):
    """The data or its contract is at fault; trying again changes nothing."""


class UnreachableError(Exception):
    """A department's system did not answer; it may in a moment."""


class JobFailedError(Exception):
    """Something broke; the message is fit for a log: it names the kind of error and holds no values."""
