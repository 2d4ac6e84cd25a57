"""What stops a service for a reason its operator can mend; each says what happened and what to do.

FanoutError
├── SettingsError      the environment is wrong; every bad variable is named
├── CannotListen       the port is taken, or the address is not ours
├── BusUnreachable     no NATS server answers
├── BucketError        a bucket of values can not be used
│   ├── BucketUnavailable  JetStream does not answer, or refuses
│   └── Conflict           somebody else has written since
└── RequestError       a request on the bus was refused; `code` and `message` say why
    └── NobodyAnswers  no service listens for the request, or not in time
"""

import errno
from collections.abc import Sequence


class FanoutError(Exception):
    """Base of all errors whose text is meant for the operator."""


class SettingsError(FanoutError):
    """The environment can not be used; `problems` has one sentence for each variable."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(problems)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "The settings are wrong. " + " ".join(self.problems)


class CannotListen(FanoutError):
    """The host and port of `setting` can not be listened on; `taken` if another program does already."""

    def __init__(self, setting: str, host: str, port: int, cause: OSError) -> None:
        super().__init__(setting, host, port, cause)
        self.setting = setting
        self.host = host
        self.port = port
        self.cause = cause.strerror or str(cause)
        self.taken = cause.errno == errno.EADDRINUSE

    def __str__(self) -> str:
        if self.taken:
            return (
                f"Port {self.port} on {self.host} is taken by another program:"
                f" end it, or set {self.setting} to a free port."
            )
        return f"Can not listen on {self.host}:{self.port} ({self.cause}): change {self.setting} or its host."


class BusUnreachable(FanoutError):
    """No NATS server answered at `url` for `cause`."""

    def __init__(self, url: str, cause: str) -> None:
        super().__init__(url, cause)
        self.url = url
        self.cause = cause

    def __str__(self) -> str:
        return f"No NATS server answers at {self.url} ({self.cause}): start one there, or set NATS_URL to where it is."


class BucketError(FanoutError):
    """A bucket of values can not be used."""


class BucketUnavailable(BucketError):
    """JetStream did not answer for `bucket`, or refused."""

    def __init__(self, bucket: str, cause: str) -> None:
        super().__init__(bucket, cause)
        self.bucket = bucket
        self.cause = cause

    def __str__(self) -> str:
        return f"The bucket {self.bucket} can not be used ({self.cause}): start nats-server with JetStream (-js)."


class Conflict(BucketError):
    """Somebody else has written to the key in `bucket` since it was read."""

    def __init__(self, bucket: str) -> None:
        super().__init__(bucket)
        self.bucket = bucket

    def __str__(self) -> str:
        return f"Somebody else has written to the bucket {self.bucket} meanwhile."


class RequestError(FanoutError):
    """A service answered a request with an error."""

    def __init__(self, subject: str, code: int, message: str) -> None:
        super().__init__(subject, code, message)
        self.subject = subject
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.subject} was refused with {self.code}: {self.message}"


class NobodyAnswers(RequestError):
    """No service answered."""

    def __init__(self, subject: str, message: str) -> None:
        super().__init__(subject, 503, message)
