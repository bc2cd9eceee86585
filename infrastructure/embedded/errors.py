"""What can keep the embedded servers from running: one typed error each, saying what to do about it."""

from pathlib import Path


class EmbeddedError(Exception):
    """Base of every error of this package."""


class BinaryMissing(EmbeddedError):
    """A server's program is not where its wheel puts it, or may not be executed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"no program to run at {path}: install Tallystick's dependencies again (`make clean serve`)")


class HomeUnusable(EmbeddedError):
    """The home folder cannot hold the servers' data."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"cannot keep data in {path}: {reason}")


class HomeInUse(EmbeddedError):
    """Another process is the supervisor of this home folder."""

    def __init__(self, path: Path, pid: int | None) -> None:
        self.path = path
        self.pid = pid
        holder = f"process {pid}" if pid else "another process"
        super().__init__(f"{path} is in use by {holder}: stop it, or set TALLYSTICK_HOME to another folder")


class PortUnavailable(EmbeddedError):
    """The port that was asked for belongs to somebody else, or no port is free (`None`)."""

    def __init__(self, port: int | None) -> None:
        self.port = port
        super().__init__(
            "found no free port on 127.0.0.1"
            if port is None
            else f"port {port} on 127.0.0.1 is taken: stop what listens there, or choose another port"
        )


class ServerFailed(EmbeddedError):
    """A server ended, or gave no answer, while it was being started."""

    def __init__(self, name: str, log_tail: str, reason: str = "ended while starting") -> None:
        self.name = name
        self.log_tail = log_tail
        self.reason = reason
        super().__init__(f"{name} {reason}; the last lines of its log:\n{log_tail}")


class PasswordFileInvalid(EmbeddedError):
    """A file in the home folder that keeps a password does not hold the right one, or none at all."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"the password file {path} {reason}")
