"""What can go wrong with the ledger; every message says what to do next."""


class LedgerError(Exception):
    """Base of the ledger's own errors."""


class LedgerAddressError(LedgerError, ValueError):
    """The URL names no database that several processes can share."""


class LedgerOutdatedError(LedgerError):
    """The database has not the tables this program expects."""


class LedgerBusyError(LedgerError):
    """The database could not be locked for writing in time."""


class UnknownDeliveryError(LedgerError, LookupError):
    """No delivery has this number."""


class DeliveryClosedError(LedgerError):
    """The delivery already has its final verdict; a receipt never changes."""


class DeliveryNotRefusedError(LedgerError):
    """Only a refused delivery whose bytes are in landing can be taken by decision."""


class TooManyProblemsError(LedgerError, ValueError):
    """More problem rows than a delivery may have."""


class UnknownRunError(LedgerError, LookupError):
    """No run has this number."""


class RunClosedError(LedgerError):
    """The run has ended; its record never changes."""


class OpenRunError(LedgerError):
    """An earlier run of the table is still open and must be settled first."""


class OutcomeError(LedgerError, ValueError):
    """An outcome that contradicts itself or its run."""


class UnknownTableError(LedgerError, LookupError):
    """The ledger has never recorded this table."""


class NothingToAcceptError(LedgerError):
    """The table has no content that could be accepted."""


class LeaseHeldError(LedgerError):
    """Another live process writes the table."""


class LeaseLostError(LedgerError):
    """The lease expired and somebody else may have taken it."""


class NightOrderError(LedgerError):
    """Nights only go forward."""


class UnknownNightError(LedgerError, LookupError):
    """No such night was made ready."""


class RestorationError(LedgerError):
    """The lake cannot go back to that night, or not now."""


class RestorationOpenError(LedgerError):
    """The lake is on its way back to an earlier night; until it is there, nothing is made."""


class OverrideError(LedgerError):
    """A decision about two subjects cannot be kept or taken back as asked."""
