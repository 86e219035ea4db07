import asyncio
import threading
from functools import cached_property
from typing import Literal

import argon2
import pytest
from argon2 import PasswordHasher
from typing_extensions import override

from gatewright.backends.local_accounts import Argon2Hasher
from gatewright.core.errors import Unavailable


def cheap(**more: int) -> Argon2Hasher:
    return Argon2Hasher(
        PasswordHasher(time_cost=1, memory_cost=8, parallelism=1), **more
    )


async def test_a_hash_is_argon2id_of_the_rfc() -> None:
    hasher = Argon2Hasher()
    hashed = await hasher.hash("correct horse")
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await hasher.verify("correct horse", hashed)
    assert not await hasher.verify("correct horsf", hashed)
    # Another implementation of the same hash agrees: the library's low level.
    raw = argon2.low_level.verify_secret(
        hashed.encode(), b"correct horse", argon2.Type.ID
    )
    assert raw
    assert not hasher.outdated(hashed)
    assert hasher.outdated(await cheap().hash("x"))
    hasher.close()


@pytest.mark.parametrize("password", ["é😀", "\ud800", "a\0b", "x" * 1024, " "])
async def test_any_password(password: str) -> None:
    hasher = cheap()
    hashed = await hasher.hash(password)
    assert await hasher.verify(password, hashed)
    assert not await hasher.verify(password + "x", hashed)
    assert hashed != await hasher.hash(password)


@pytest.mark.parametrize("hashed", [None, "", "x", "$argon2id$v=19$m=8,t=1,p=1$x$y"])
async def test_what_no_password_fits(hashed: str | None) -> None:
    assert not await cheap().verify("nobody has this password", hashed)


async def test_no_account_is_as_much_work_as_one() -> None:
    recorder = Recorder(time_cost=2, memory_cost=64, parallelism=1)
    hasher = Argon2Hasher(recorder)
    hashed = await hasher.hash("correct horse")
    assert not await hasher.verify("wrong", hashed)
    assert not await hasher.verify("wrong", None)
    known, unknown = recorder.verified
    assert known == unknown == argon2.extract_parameters(hashed)


class Recorder(PasswordHasher):
    """Keeps the parameters, so the work, of what it compares passwords with."""

    @cached_property
    def verified(self) -> list[argon2.Parameters]:
        return []

    @override
    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        text = hash if isinstance(hash, str) else hash.decode()
        self.verified.append(argon2.extract_parameters(text))
        return super().verify(hash, password)


async def test_the_loop_goes_on_and_the_queue_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hasher = cheap(threads=2, waiting=3)
    hashed = await hasher.hash("x")
    gate, threads = threading.Event(), set[str]()

    def wait(*_: object) -> bool:
        threads.add(threading.current_thread().name)
        return gate.wait(60)

    monkeypatch.setattr(hasher, "_fits", wait)
    running = [asyncio.create_task(hasher.verify("x", hashed)) for _ in range(5)]
    async with asyncio.timeout(30):
        while len(threads) < 2:
            await asyncio.sleep(0.01)
    with pytest.raises(Unavailable) as refused:
        await hasher.verify("x", hashed)
    assert refused.value.retry_after == 2
    gate.set()
    assert await asyncio.gather(*running) == [True] * 5
    assert len(threads) == 2
    assert all(name.startswith("password") for name in threads)
    assert await hasher.verify("x", hashed)
    hasher.close()
