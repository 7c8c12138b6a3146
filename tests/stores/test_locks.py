"""One message of a conversation at a time, in the order in which they came, and nobody waits for the dead."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from rasa.core.lock_store import LockError, LockStore
from rasa.utils.endpoints import read_endpoint_config
from redis.asyncio import Redis

from bot.stores.locks import WaitingLockStore
from bot.stores.redis_locks import RedisLocks
from xiaoer.errors import SettingError
from xiaoer.settings import ROOT

LONG = 30.0  # seconds: nobody's time is over
Make = Callable[[], WaitingLockStore]


@pytest_asyncio.fixture(loop_scope="function", params=["memory", pytest.param("redis", marks=pytest.mark.service)])
async def make(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Make]:
    """`make()` makes a lock store, of each kind."""
    where = request.getfixturevalue("redis_url") if request.param == "redis" else "memory"
    monkeypatch.setenv("XIAOER_LOCKS", where)
    made: list[WaitingLockStore] = []

    def one() -> WaitingLockStore:
        made.append(WaitingLockStore())
        return made[-1]

    yield one
    for each in made:
        await each.close()


@pytest.fixture
def shared(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A Redis server that the setting names."""
    monkeypatch.setenv("XIAOER_LOCKS", redis_url)
    return redis_url


def test_rasa_makes_it_from_endpoints_yml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XIAOER_LOCKS", raising=False)
    config = read_endpoint_config(str(ROOT / "endpoints.yml"), endpoint_type="lock_store")
    assert isinstance(LockStore.create(config), WaitingLockStore)


@pytest.mark.parametrize("where", ["http://:secret@h", "nonsense"])
def test_a_setting_that_cannot_be_used_is_refused(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOER_LOCKS", where)
    with pytest.raises(SettingError, match="XIAOER_LOCKS") as error:
        WaitingLockStore()
    assert "secret" not in str(error.value)


def test_several_workers_need_locks_that_they_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XIAOER_LOCKS", raising=False)
    monkeypatch.setenv("SANIC_WORKERS", "2")
    with pytest.raises(SettingError, match="SANIC_WORKERS"):
        WaitingLockStore()


async def test_first_come_first_served_and_one_at_a_time(make: Make, name: str) -> None:
    store, order, inside = make(), list[int](), 0

    async def message(number: int) -> None:
        nonlocal inside
        async with store.lock(name, LONG):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.01)
            order.append(number)
            inside -= 1

    await asyncio.wait_for(asyncio.gather(*map(message, range(12))), LONG)
    assert order == list(range(12))


async def test_the_next_is_not_kept_waiting(make: Make, name: str) -> None:
    """Rasa's own store looks once a second."""
    store = make()

    async def message() -> None:
        async with store.lock(name, LONG):
            pass

    await message()
    started = time.monotonic()
    await asyncio.gather(*(message() for _ in range(20)))
    assert time.monotonic() - started < 10


async def test_other_conversations_do_not_wait(make: Make, name: str) -> None:
    store = make()
    async with store.lock(name, LONG), store.lock(f"{name}-other", LONG):
        pass


async def test_nothing_is_left_when_nobody_waits(make: Make, name: str) -> None:
    store = make()
    async with store.lock(name, LONG):
        assert store.is_someone_waiting(name)
    with pytest.raises(ZeroDivisionError):
        async with store.lock(name, LONG):
            raise ZeroDivisionError
    assert not store.is_someone_waiting(name)


async def test_whoever_waits_for_too_long_is_told(make: Make, name: str) -> None:
    store, served = make(), False
    async with store.lock(name, LONG):
        with pytest.raises(LockError, match=name):
            async with store.lock(name, 0.2):
                served = True
    assert not served
    assert not store.is_someone_waiting(name)
    async with store.lock(name, 0.2):
        pass


async def test_a_holder_that_takes_too_long_is_passed_over(make: Make, name: str) -> None:
    store = make()
    async with store.lock(name, 0.2), store.lock(name, LONG):
        with pytest.raises(LockError):  # the late holder's end, below, gives nothing back that is not its own
            async with store.lock(name, 0.1):
                pass
    assert not store.is_someone_waiting(name)


async def test_one_that_has_waited_is_passed_over_as_well(make: Make, name: str) -> None:
    store, leave = make(), asyncio.Event()

    async def slow() -> None:
        async with store.lock(name, 0.4):
            await leave.wait()

    async def last() -> None:
        async with store.lock(name, LONG):
            leave.set()

    async with store.lock(name, LONG):
        waiting = [asyncio.ensure_future(each) for each in (slow(), last())]
        await asyncio.sleep(0.05)
    await asyncio.wait_for(asyncio.gather(*waiting), LONG / 2)


async def test_the_late_end_of_one_passed_over_ends_nobody_elses(make: Make, name: str) -> None:
    store, entered, leave = make(), asyncio.Event(), asyncio.Event()

    async def late() -> None:
        async with store.lock(name, 0.2):
            entered.set()
            await leave.wait()

    task = asyncio.ensure_future(late())
    await entered.wait()
    async with store.lock(name, LONG):
        leave.set()
        await task
        with pytest.raises(LockError):
            async with store.lock(name, 0.1):
                pass


async def test_a_waiter_that_is_cancelled_leaves_the_queue(make: Make, name: str) -> None:
    store, order = make(), list[str]()

    async def message(said: str) -> None:
        async with store.lock(name, LONG):
            order.append(said)

    async with store.lock(name, LONG):
        first, second = (asyncio.ensure_future(message(said)) for said in ("first", "second"))
        await asyncio.sleep(0.05)
        first.cancel()
        await asyncio.wait({first})
    await asyncio.wait_for(second, LONG)
    assert order == ["second"]
    assert not store.is_someone_waiting(name)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
async def test_a_waiter_cancelled_in_the_moment_of_its_turn_hands_it_on(make: Make, name: str, before: bool) -> None:
    store = make()

    async def message() -> None:
        async with store.lock(name, LONG):
            pass

    async with store.lock(name, LONG):
        first, second = (asyncio.ensure_future(message()) for _ in range(2))
        await asyncio.sleep(0.05)
        if before:
            first.cancel()
    first.cancel()  # it has the turn by now, or is about to take it, and has not run since
    await asyncio.wait_for(asyncio.wait({first, second}), LONG)
    assert second.exception() is None
    assert not store.is_someone_waiting(name)


async def test_a_holder_that_is_cancelled_gives_it_back(make: Make, name: str) -> None:
    store, entered = make(), asyncio.Event()

    async def message() -> None:
        async with store.lock(name, LONG):
            entered.set()
            await asyncio.sleep(LONG)

    task = asyncio.ensure_future(message())
    await entered.wait()
    task.cancel()
    async with store.lock(name, 5):
        pass
    assert task.cancelled()


# ---------------------------------------------------------------------- servers


@pytest.mark.service
async def test_two_servers_exclude_each_other(shared: str, name: str) -> None:
    servers, inside, turns = [WaitingLockStore(), WaitingLockStore()], 0, 0

    async def message(server: WaitingLockStore) -> None:
        nonlocal inside, turns
        async with server.lock(name, LONG):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.002)
            inside -= 1
            turns += 1

    await asyncio.wait_for(asyncio.gather(*(message(servers[number % 2]) for number in range(40))), LONG)
    assert turns == 40
    for server in servers:
        await server.close()


@pytest.mark.service
async def test_the_late_end_of_a_server_ends_no_others_lock(shared: str, name: str) -> None:
    late, other = WaitingLockStore(), WaitingLockStore()
    async with late.lock(name, 0.2):
        holding = other.lock(name, LONG)
        await holding.__aenter__()  # when the first one's time is over
    with pytest.raises(LockError):
        async with late.lock(name, 0.1):
            pass
    await holding.__aexit__(None, None, None)
    for server in (late, other):
        await server.close()


@pytest.mark.service
async def test_a_server_wakes_another(shared: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = WaitingLockStore(), WaitingLockStore()
    monkeypatch.setattr(RedisLocks, "AGAIN", 4.0)  # within Redis's time for an answer
    asked, ask = 0, Redis.execute_command

    def counted(self: object, *command: object, **more: object) -> object:
        nonlocal asked
        asked += command[0] == "EVALSHA"
        return ask(self, *command, **more)

    monkeypatch.setattr(Redis, "execute_command", counted)

    async def wait() -> float:
        async with two.lock(name, LONG):
            return time.monotonic()

    async with one.lock(name, LONG):
        pass  # wakes nobody, now or later
    async with one.lock(name, LONG):
        waiting = asyncio.ensure_future(wait())
        await asyncio.sleep(0.1)
        before = asked
        await asyncio.sleep(0.2)
        assert asked == before  # it has looked when it came, and does not look all the time
        released = time.monotonic()
    assert await waiting - released < 2.0  # woken, not looking again
    assert asked == before + 3  # given back, taken when it was woken, given back
    for server in (one, two):
        await server.close()


@pytest.mark.service
async def test_a_dead_servers_lock_expires(shared: str, name: str) -> None:
    store = WaitingLockStore()
    redis = Redis.from_url(shared)
    await redis.set(f"xiaoer:lock:{name}", "the token of a server that died", px=300)
    async with store.lock(name, 10):
        assert await redis.get(f"xiaoer:lock:{name}") != b"the token of a server that died"
    assert await redis.exists(f"xiaoer:lock:{name}") == 0
    assert 0 < await redis.pttl(f"xiaoer:free:{name}") <= 2000  # and nothing stays for good
    await redis.close()
    await store.close()


@pytest.mark.service
async def test_a_lock_that_was_asked_for_by_a_cancelled_message_is_not_left(
    shared: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = WaitingLockStore()
    redis = Redis.from_url(shared)
    async with store.lock(name, LONG):
        pass  # Redis knows the scripts now
    ask, arrived = Redis.execute_command, asyncio.Event()

    async def on_its_way(self: object, *command: object, **more: object) -> object:
        """The request is out, whatever becomes of whoever sent it."""
        if command[0] != "EVALSHA" or arrived.is_set():
            return await ask(self, *command, **more)

        async def arrives() -> object:
            await asyncio.sleep(0.1)
            answer = await ask(self, *command, **more)
            arrived.set()
            return answer

        return await asyncio.shield(asyncio.ensure_future(arrives()))

    monkeypatch.setattr(Redis, "execute_command", on_its_way)

    async def message() -> None:
        async with store.lock(name, LONG):
            await asyncio.sleep(LONG)

    task = asyncio.ensure_future(message())
    await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.wait({task})
    await arrived.wait()
    assert task.cancelled()
    assert await redis.exists(f"xiaoer:lock:{name}") == 0
    await redis.close()
    await store.close()


async def test_a_redis_that_is_not_there_is_an_error_without_its_password(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("XIAOER_LOCKS", "redis://:secret@127.0.0.1:1/0")
    store = WaitingLockStore()
    with pytest.raises(LockError, match=r"127\.0\.0\.1:1 cannot be used") as error:
        async with store.lock(name, LONG):
            pass
    assert "secret" not in str(error.value)
    assert not store.is_someone_waiting(name)
