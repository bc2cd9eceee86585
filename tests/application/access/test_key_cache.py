"""A known key is looked up once a second; an unknown one each time, so that a new key is in force at once."""

import asyncio

import pytest

from application.access import key_cache as remembered_keys
from application.access.key_cache import REMEMBER_S, RememberedKeys
from application.access.merchant import KnownKey
from application.work.on_behalf import ANYBODY, on_behalf_of, owner
from application.write.store import StoreUnavailable
from domain.identifiers import MerchantId

DIGEST = b"digest"
KEY = KnownKey("key_1", MerchantId("mer_1"))


class Register:
    """The keys in force, which counts how often it is asked, and a clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.keys = {DIGEST: KEY}
        self.asked = 0
        self.now = 0.0

    async def find_key(self, digest: bytes) -> KnownKey | None:
        self.asked += 1
        return self.keys.get(digest)


@pytest.fixture
def register() -> Register:
    return Register()


@pytest.fixture
def remembered(register: Register) -> RememberedKeys:
    return RememberedKeys(register, lambda: register.now)


async def test_a_key_is_looked_up_once_a_second(register: Register, remembered: RememberedKeys) -> None:
    assert [await remembered.find_key(DIGEST) for _ in range(10)] == [KEY] * 10
    assert register.asked == 1
    register.now = REMEMBER_S
    assert await remembered.find_key(DIGEST) == KEY
    assert register.asked == 2


async def test_a_revoked_key_is_refused_once_the_second_is_over(register: Register, remembered: RememberedKeys) -> None:
    await remembered.find_key(DIGEST)
    del register.keys[DIGEST]
    register.now = REMEMBER_S
    assert await remembered.find_key(DIGEST) is None
    assert await remembered.find_key(DIGEST) is None


async def test_the_second_counts_from_before_the_look_up(
    register: Register, remembered: RememberedKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slowly(digest: bytes) -> KnownKey | None:
        register.now += REMEMBER_S
        return KEY

    monkeypatch.setattr(register, "find_key", slowly)
    await remembered.find_key(DIGEST)
    monkeypatch.undo()
    del register.keys[DIGEST]
    assert await remembered.find_key(DIGEST) is None


async def test_a_new_key_is_in_force_at_once(register: Register, remembered: RememberedKeys) -> None:
    register.keys.clear()
    assert await remembered.find_key(DIGEST) is None
    register.keys[DIGEST] = KEY
    assert await remembered.find_key(DIGEST) == KEY


async def test_memory_is_bounded_and_forgets_the_oldest_look_up(
    register: Register, remembered: RememberedKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered_keys, "KEYS_MAX", 2)
    register.keys = {bytes([number]): KEY for number in range(3)}
    for digest in register.keys:
        await remembered.find_key(digest)
    assert register.asked == 3
    await remembered.find_key(bytes([2]))
    await remembered.find_key(bytes([1]))
    assert register.asked == 3
    await remembered.find_key(bytes([0]))
    assert register.asked == 4


async def test_a_crowd_that_asks_at_once_is_one_look_up(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    looking, go_on, find_key = asyncio.Event(), asyncio.Event(), register.find_key

    async def find_slowly(digest: bytes) -> KnownKey | None:
        looking.set()
        await go_on.wait()
        return await find_key(digest)

    monkeypatch.setattr(register, "find_key", find_slowly)
    keys = RememberedKeys(register, lambda: register.now)
    crowd = [asyncio.create_task(keys.find_key(DIGEST)) for _ in range(50)]
    await looking.wait()
    crowd[0].cancel()
    go_on.set()
    assert await asyncio.gather(*crowd[1:]) == [KEY] * 49
    assert register.asked == 1


async def test_a_look_up_that_failed_is_not_the_last(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_: bytes) -> KnownKey | None:
        raise StoreUnavailable("away")

    keys = RememberedKeys(register, lambda: register.now)
    with monkeypatch.context() as away:
        away.setattr(register, "find_key", fail)
        with pytest.raises(StoreUnavailable):
            await keys.find_key(DIGEST)
    assert await keys.find_key(DIGEST) == KEY


async def test_a_key_that_was_in_force_is_looked_up_as_its_merchants(register: Register) -> None:
    asked_for: list[object] = []

    class Noting:
        async def find_key(self, digest: bytes) -> KnownKey | None:
            asked_for.append(owner())
            return await register.find_key(digest)

    remembered = RememberedKeys(Noting(), lambda: register.now)
    with on_behalf_of(ANYBODY):
        await remembered.find_key(DIGEST)
        register.now = REMEMBER_S
        await remembered.find_key(DIGEST)
        await remembered.find_key(b"a guess")
        assert owner() == ANYBODY
    assert asked_for == [ANYBODY, KEY.merchant_id, ANYBODY]
    assert owner() is None
