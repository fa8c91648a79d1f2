from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.current_user import CurrentUser
    from ..models.membership import Membership


T = TypeVar("T", bound="CurrentSession")


@_attrs_define
class CurrentSession:
    """Who calls, and what it is to whom."""

    access: str
    """ `admin`, `auditor` or `none`: in the whole installation. """
    actor: str
    """ As events name it: a user's or an admin key's id, or `admin` for the installation's first admin key. """
    memberships: list[Membership]
    """ By the project's id. """
    session: None | str | Unset = UNSET
    """ The session's id; null for a key. """
    user: CurrentUser | None | Unset = UNSET
    """ Null for a key. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.current_user import CurrentUser

        access = self.access

        actor = self.actor

        memberships = []
        for memberships_item_data in self.memberships:
            memberships_item = memberships_item_data.to_dict()
            memberships.append(memberships_item)

        session: None | str | Unset
        if isinstance(self.session, Unset):
            session = UNSET
        else:
            session = self.session

        user: dict[str, Any] | None | Unset
        if isinstance(self.user, Unset):
            user = UNSET
        elif isinstance(self.user, CurrentUser):
            user = self.user.to_dict()
        else:
            user = self.user

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "access": access,
                "actor": actor,
                "memberships": memberships,
            }
        )
        if session is not UNSET:
            field_dict["session"] = session
        if user is not UNSET:
            field_dict["user"] = user

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.current_user import CurrentUser
        from ..models.membership import Membership

        d = dict(src_dict)
        access = d.pop("access")

        actor = d.pop("actor")

        memberships = []
        _memberships = d.pop("memberships")
        for memberships_item_data in _memberships:
            memberships_item = Membership.from_dict(memberships_item_data)

            memberships.append(memberships_item)

        def _parse_session(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        session = _parse_session(d.pop("session", UNSET))

        def _parse_user(data: object) -> CurrentUser | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                user_type_1 = CurrentUser.from_dict(data)

                return user_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(CurrentUser | None | Unset, data)

        user = _parse_user(d.pop("user", UNSET))

        current_session = cls(
            access=access,
            actor=actor,
            memberships=memberships,
            session=session,
            user=user,
        )

        current_session.additional_properties = d
        return current_session

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
