"""Rules that say which account a person has, by what an identity provider says.

A rule fits if every claim that it names is as the rule wants it. The first rule that
fits decides; a person whom no rule fits has no account. A rule that looks at ``email``
fits only if the provider says that it has checked the address (``email_verified``):
elsewhere a person may type any address (OpenID Connect Core 1.0, section 5.1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatewright.core.account_template import Claimed, Template

Claims = Mapping[str, object]
"""What a provider says of a person: a JSON object, decoded."""

Wanted = str | int | bool
"""A value that a claim has to have."""

_ADDRESS, _ADDRESS_CHECKED = "email", "email_verified"


@dataclass(frozen=True, slots=True)
class Mapped:
    """The account that a person has."""

    name: str
    """Name of the account, which may not exist or be no valid name."""
    exact: bool = True
    """Whether the configuration names this account, and no claim can change that."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    account: Template
    """Name of the account, with claims in it."""
    where: Mapping[str, Sequence[Wanted]]
    """Values by name of a claim, one of which it has to be or, as a list, to hold."""

    @property
    def exact(self) -> bool:
        """Whether the account's name has no claim in it."""
        return not any(isinstance(part, Claimed) for part in self.account)

    def account_of(self, claims: Claims) -> str | None:
        """Return the name of a person's account; None if the rule does not fit."""
        if not self._fits(claims):
            return None
        parts = []
        for part in self.account:
            if isinstance(part, str):
                parts.append(part)
                continue
            said = claim_at(claims, part.claim)
            if not isinstance(said, str) or not said.endswith(part.ending):
                return None
            text = said.removesuffix(part.ending)
            if not text:
                return None
            parts.append(text)
        return "".join(parts)

    def _fits(self, claims: Claims) -> bool:
        named = {part.claim for part in self.account if isinstance(part, Claimed)}
        if _ADDRESS in named | set(self.where) and (
            claims.get(_ADDRESS_CHECKED) is not True
        ):
            return False
        return all(
            any(_says(claim_at(claims, name), one) for one in wanted)
            for name, wanted in self.where.items()
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a provider, which are an :class:`AccountMap`."""

    rules: Sequence[Rule]
    """The rules in their order."""

    async def account(self, claims: Claims) -> Mapped | None:
        """Return the account of a person; None if they have none."""
        for rule in self.rules:
            name = rule.account_of(claims)
            if name is not None:
                return Mapped(name, rule.exact)
        return None


def claim_at(claims: Claims, name: str) -> object:
    """Return a claim by its name, in which dots lead into objects; None without it.

    A claim whose own name has dots (``https://example.org/groups``) comes first.
    """
    if name in claims:
        return claims[name]
    outer, _, inner = name.partition(".")
    found = claims.get(outer)
    return claim_at(found, inner) if inner and isinstance(found, Mapping) else None


def _says(said: object, wanted: Wanted) -> bool:
    """Return whether a claim is, or as a list holds, a value of exactly this type.

    In Python ``True == 1``, and so the types are compared too.
    """
    values = said if isinstance(said, list) else [said]
    return any(type(one) is type(wanted) and one == wanted for one in values)
