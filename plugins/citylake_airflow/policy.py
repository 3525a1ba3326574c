"""What holds for every task of the lake: retries, pools, timeouts, and the hours of a night."""

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from citylake.deployment import SPARK_POOL, timezone
from citylake_airflow.errors import RefusedError, UnreachableError

TIMEZONE = timezone()
KEY_FORMAT = "%Y-%m-%d"
"""The partition key of every run is its business date."""
CUTOFF = "30 5 * * *"
"""The last minute to wait for a department."""
MAINTENANCE = "0 12 * * *"
"""Far from the night: it takes the same leases."""

POOL = SPARK_POOL
DEFAULT_POOL = "default_pool"

RETRIES = 2
RETRY_DELAY = timedelta(seconds=15)
UNREACHABLE_DELAY = timedelta(seconds=5)
"""Short: the night must not wait for a department that is down, and the cut-off is the last word anyway."""
TIMEOUT = timedelta(hours=2)
"""The Connect client has no deadline of its own, so every task has one."""

RETRY_POLICY = ExceptionRetryPolicy(
    [
        RetryRule(RefusedError, RetryAction.FAIL, reason="数据被拒收或门禁未通过，重试无用"),
        RetryRule(
            UnreachableError, RetryAction.RETRY, retry_delay=UNREACHABLE_DELAY, reason="对方系统连不上，稍后再试"
        ),
    ]
)
