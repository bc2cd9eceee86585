"""Each fault that keeps an embedded server from running is one typed error, whose text says how to mend the fault."""

from pathlib import Path


class EmbeddedError(Exception):
    """Base of every error of this package."""


class BinaryMissing(EmbeddedError):
    """The program of a server is absent from the place where its wheel installs the program, or is not executable."""

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
    """The requested port belongs to another process, or no port is free (`port` is then `None`)."""

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
    """A password file in the home folder holds a wrong password, or none at all."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"the password file {path} {reason}")
