"""Errors as Exchange's management tasks write them."""

from __future__ import annotations

import datetime
import hashlib
import uuid

from tests.lab.engine.cmdlets import TerminatingError


class TaskError(Exception):
    """A management task's failure: its message and the .NET exception's full name."""

    def __init__(self, message: str, exception: str) -> None:
        super().__init__(message)
        self.exception = exception


def not_found(identity: object, domain_controller: str) -> TaskError:
    return TaskError(
        f"The operation couldn't be performed because object '{identity}' couldn't be found on '{domain_controller}'.",
        "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException",
    )


def invalid(message: str) -> TaskError:
    """A value or a combination of values that the object's own rules refuse."""
    return TaskError(message, "Microsoft.Exchange.Data.DataValidationException")


def record(error: TaskError, server: str) -> TerminatingError:
    """The error record, with the server, a request id and a time in front of its id, and the kind of failure as ``FailureCategory``."""
    kind = error.exception.rpartition(".")[2]
    now = datetime.datetime.now(datetime.UTC)
    time = f"{now.month}/{now.day}/{now.year} {now:%I:%M:%S %p}".replace(" 0", " ")
    digest = hashlib.sha256(str(error).encode()).hexdigest()[:8].upper()
    error_id = f"[Server={server},RequestId={uuid.uuid4()},TimeStamp={time}] [FailureCategory=Cmdlet-{kind}] {digest}"
    return TerminatingError(str(error), error_id, "NotSpecified", error.exception)
