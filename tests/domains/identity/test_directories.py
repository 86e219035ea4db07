"""Accounts of people whom a directory knows."""

from dataclasses import replace

import pytest
from tests.support.identity import World

from gatewright.core.caller import Role, visitor
from gatewright.core.errors import Conflict, NotAllowed, NotSignedIn, Unavailable
from gatewright.domains.identity import Person, Proof


class Town:
    """Knows people whose password is their name."""

    def __init__(self, *people: Person) -> None:
        self.people = {person.name: person for person in people}
        self.away = False

    async def check(self, name: str, password: str) -> Proof | None:
        person = await self.find(name)
        return Proof(person) if person and name == password else None

    async def find(self, name: str) -> Person | None:
        if self.away:
            raise Unavailable("The town is away.")
        return self.people.get(name)


@pytest.fixture
def town(world: World) -> Town:
    found = Town(Person("cy", frozenset({"sky"})), Person("dee", role=Role.OWNER))
    world.identity.directories._places["town"] = found
    return found


async def sign_in(world: World, name: str) -> None:
    await world.identity.sessions.sign_in(visitor(), name, name)


async def test_an_account_is_made_at_the_first_sign_in(
    world: World, town: Town
) -> None:
    users = world.identity.users
    assert not await users.exists("cy")
    await sign_in(world, "cy")
    await sign_in(world, "dee")
    cy = await users.get(world.owner, "cy")
    assert (cy.role, sorted(cy.groups), cy.source) == (Role.GUEST, ["sky"], "town")
    assert (await users.get(world.owner, "dee")).role is Role.OWNER
    with pytest.raises(Conflict, match="changed there"):
        await users.set_password(world.owner, "cy", "another")


@pytest.mark.parametrize(
    "person", [Person("a b"), Person("x\0"), Person("eve", frozenset({"a b"}))]
)
async def test_a_name_that_no_account_has_is_nobody(
    world: World, town: Town, person: Person
) -> None:
    town.people[person.name] = person
    with pytest.raises(NotSignedIn):
        await sign_in(world, person.name)
    assert not await world.identity.users.exists(person.name)


async def test_a_local_name_is_not_a_directory_s(world: World, town: Town) -> None:
    await world.identity.users.add(world.owner, "eve", "password")
    town.people["eve"] = Person("eve", role=Role.OWNER)
    with pytest.raises(NotAllowed, match="has your name, one of “local”"):
        await sign_in(world, "eve")
    with pytest.raises(NotSignedIn, match="is not right"):
        await world.identity.sessions.sign_in(visitor(), "eve", "wrong")
    assert (await world.identity.users.get(world.owner, "eve")).role is Role.GUEST


async def test_accounts_follow_their_directory(world: World, town: Town) -> None:
    users, directories = world.identity.users, world.identity.directories
    await users.add(world.owner, "eve", "password")
    for name in ("cy", "dee"):
        await sign_in(world, name)
    town.people = {"cy": Person("cy", frozenset({"sea"}), Role.OWNER)}
    town.away = True
    assert await directories.refresh() > 0
    assert (await users.get(world.owner, "cy")).groups == {"sky"}
    town.away = False
    await directories.refresh()
    cy = await users.get(world.owner, "cy")
    assert (sorted(cy.groups), cy.role) == (["sea"], Role.OWNER)
    assert not await users.exists("dee")
    assert await users.exists("eve")
    await directories.refresh()
    assert await users.get(world.owner, "cy") == cy


async def test_a_name_that_is_given_to_another_person_is_another_account(
    world: World, town: Town
) -> None:
    """Unix names are given again; a uid tells the two people apart."""
    users, directories = world.identity.users, world.identity.directories
    await sign_in(world, "cy")
    first = await users.get(world.owner, "cy")
    token = await world.token("cy")
    town.people["cy"] = replace(town.people["cy"], subject="uid 1201")
    await directories.refresh()  # the directory did not say before who it was
    same = await users.get(world.owner, "cy")
    assert (same.subject, same.created_at) == ("uid 1201", first.created_at)
    assert (await world.identity.tokens.caller(token)).user == "cy"
    await users.set_disabled(world.owner, "cy", disabled=True)
    town.people["cy"] = replace(town.people["cy"], subject="")
    await directories.refresh()
    assert (await users.get(world.owner, "cy")).subject == "uid 1201"
    town.people["cy"] = replace(town.people["cy"], subject="uid 1305")
    world.clock.now += 60
    await directories.refresh()
    anew = await users.get(world.owner, "cy")
    assert (anew.subject, anew.created_at) == ("uid 1305", first.created_at + 60)
    assert anew.disabled
    await users.set_disabled(world.owner, "cy", disabled=False)
    with pytest.raises(NotSignedIn):
        await world.identity.tokens.caller(token)


async def test_who_is_of_a_directory_that_is_not_configured_goes(
    world: World, town: Town
) -> None:
    await sign_in(world, "cy")
    text = await world.token("cy")
    del world.identity.directories._places["town"]
    await world.identity.directories.refresh()
    with pytest.raises(NotSignedIn):
        await world.identity.tokens.caller(text)
