"""What users can do with profiles. One function per command or query; ports only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from functions.users import domain, views
from functions.users.domain import Profile
from leanda.contracts.envelope import Origin
from leanda.errors import NotFound
from leanda.http.auth import Principal
from leanda.http.preconditions import require_match
from leanda.persistence.aggregates import Aggregates, deciding
from leanda.ports import Clock


@dataclass(frozen=True)
class SignUp:
    """A confirmed sign-up.

    Attributes:
        email: only if Cognito verified it.
        names: what the user calls herself, best first; may hold what must not be shown.
    """

    user_id: str
    email: str | None
    names: tuple[str | None, ...]


@dataclass(frozen=True)
class Users:
    """The use cases with what they need; built once per sandbox."""

    profiles: Aggregates
    clock: Clock

    def me(self, principal: Principal, *, correlation_id: str) -> dict[str, Any]:
        """The caller's own profile; the first request makes it."""
        return views.own(self._own(principal, correlation_id))

    def edit(self, principal: Principal, *, display_name: str, if_match: str | None, origin: Origin) -> dict[str, Any]:
        """Change the caller's display name.

        Raises:
            DisplayNameRefused: it cannot be shown.
            PreconditionFailed: `If-Match` names another version.
        """
        name = domain.clean_display_name(display_name)

        def decide() -> Profile:
            profile = self._own(principal, origin.correlation_id)
            require_match(if_match, profile["version"])
            change = domain.renamed(profile, name, at=self.clock.now())
            self.profiles.apply(profile, change, origin)
            return profile | dict(change.set_)

        edited = deciding(decide)
        self.profiles.publish(principal.id)
        return views.own(edited)

    def get(self, principal: Principal, user_id: str, *, correlation_id: str) -> dict[str, Any]:
        """The caller's own profile, or the public part of another's.

        Raises:
            NotFound: nobody has this id.
        """
        if user_id == principal.id:
            return self.me(principal, correlation_id=correlation_id)
        profile = self.profiles.get(user_id)
        if profile is None:
            raise NotFound
        return views.public(profile)

    def sign_up(self, signed_up: SignUp, *, correlation_id: str) -> None:
        """Make or complete the profile of a confirmed user; repeating it changes nothing."""
        name = domain.first_display_name(signed_up.user_id, *signed_up.names)

        def decide() -> None:
            profile = self._upsert(signed_up.user_id, name, signed_up.email, correlation_id)
            change = domain.signed_up(profile, email=signed_up.email, at=self.clock.now())
            cause = f"sign-up:{signed_up.user_id}"
            origin = Origin(cause=cause, correlation_id=correlation_id, user_id=signed_up.user_id)
            self.profiles.apply(profile, change, origin)

        deciding(decide)
        self.profiles.publish(signed_up.user_id)

    def _own(self, principal: Principal, correlation_id: str) -> Profile:
        # Most requests are not the first: one read, and nothing is made or sent.
        found = self.profiles.get(principal.id)
        if found is not None:
            return found
        name = domain.first_display_name(principal.id, principal.name)
        made = self._upsert(principal.id, name, None, correlation_id)
        self.profiles.publish(principal.id)
        return made

    def _upsert(self, user_id: str, name: str, email: str | None, correlation_id: str) -> Profile:
        """Insert once. The announcement follows from the user's id alone: whoever is first, it has the same event id."""
        profile, change = domain.new_profile(user_id, display_name=name, email=email, at=self.clock.now())
        origin = Origin(cause=user_id, correlation_id=correlation_id, user_id=user_id)
        if self.profiles.insert(profile, change, origin):
            return profile
        return self.profiles.get(user_id) or profile
