"""What the processes of a running system are told: each the passwords that it needs, and no other."""

import os
from pathlib import Path

import pytest

from interfaces.runtime.child_environment import plain, starting_with
from interfaces.runtime.settings import Settings, as_listener, as_reader, for_children
from interfaces.runtime.supervisor import Stack
from tests.crash.system import descendants


def told(pid: int) -> str:
    """The environment and the arguments of a process and of all that it started, as root may read them."""
    pids = {pid} | descendants(pid)
    return "\n".join(
        (Path("/proc") / str(each) / part).read_bytes().decode().replace("\0", "\n")
        for each in pids
        for part in ("environ", "cmdline")
    )


def password_of(url: str) -> str:
    return url.partition("://")[2].partition("@")[0].partition(":")[2]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc")
def test_no_process_is_told_a_password_that_it_does_not_need(stack: Stack) -> None:
    settings, servers = stack.settings, stack.embedded
    superuser, app = password_of(servers.postgres.superuser_url), password_of(settings.database_url)
    owner, reader = password_of(settings.owner_database_url), password_of(settings.reader_database_url)
    relay, listener = password_of(settings.nats_url), password_of(settings.nats_reader_url)
    secrets = {superuser, app, owner, reader, password_of(settings.replication_url), relay, listener}
    assert len(secrets | {""}) == 8
    processes = {process.name: process.pid for process in stack.processes}
    processes |= {"postgres": servers.postgres.pid, "nats": servers.nats.pid}
    needed = {"api": {app, listener}, "worker": {app, relay, listener}}
    for name, pid in processes.items():
        known = {secret for secret in secrets if secret in told(pid)}
        assert known == needed.get(name, set()), name
    assert "TALLYSTICK_DATABASE_URL" not in told(processes["simulator"])


def test_of_our_environment_a_program_gets_nothing_that_may_be_secret() -> None:
    ours = {
        "PATH": "/bin",
        "LC_ALL": "C",
        "TALLYSTICK_DATABASE_URL": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "PGPASSWORD": "x",
    }
    assert plain(ours) == {"PATH": "/bin", "LC_ALL": "C"}
    assert starting_with("TALLYSTICK_", ours) == {"TALLYSTICK_DATABASE_URL": "x"}
    assert set(plain(os.environ)) <= set(os.environ)


def test_settings_for_children_and_for_readers() -> None:
    settings = Settings(
        database_url="app",
        owner_database_url="owner",
        reader_database_url="reader",
        replication_url="replicator",
        nats_url="bus",
    )
    assert for_children(settings) == Settings(database_url="app", nats_url="bus")
    assert as_reader(settings).database_url == "reader"
    assert as_reader(Settings(database_url="app", nats_url="bus")).database_url == "app"
    two_users = Settings(database_url="app", nats_url="relay", nats_reader_url="listener")
    assert for_children(two_users) == two_users
    assert as_listener(two_users) == as_reader(two_users) == Settings(database_url="app", nats_url="listener")
    assert as_listener(Settings(database_url="app", nats_url="bus")).nats_url == "bus"
