from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.user_access import UserAccess
from ..types import UNSET, Unset

T = TypeVar("T", bound="ChangedUser")


@_attrs_define
class ChangedUser:
    """What is left out stays as it is."""

    access: None | Unset | UserAccess = UNSET
    """ In the whole installation. """
    email: None | str | Unset = UNSET
    """ No other user has it. """
    name: None | str | Unset = UNSET
    """ For people: 1 to 200 characters. """

    def to_dict(self) -> dict[str, Any]:
        access: None | str | Unset
        if isinstance(self.access, Unset):
            access = UNSET
        elif isinstance(self.access, UserAccess):
            access = self.access.value
        else:
            access = self.access

        email: None | str | Unset
        if isinstance(self.email, Unset):
            email = UNSET
        else:
            email = self.email

        name: None | str | Unset
        if isinstance(self.name, Unset):
            name = UNSET
        else:
            name = self.name

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if access is not UNSET:
            field_dict["access"] = access
        if email is not UNSET:
            field_dict["email"] = email
        if name is not UNSET:
            field_dict["name"] = name

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)

        def _parse_access(data: object) -> None | Unset | UserAccess:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                access_type_1 = UserAccess(data)

                return access_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Unset | UserAccess, data)

        access = _parse_access(d.pop("access", UNSET))

        def _parse_email(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        email = _parse_email(d.pop("email", UNSET))

        def _parse_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        name = _parse_name(d.pop("name", UNSET))

        changed_user = cls(
            access=access,
            email=email,
            name=name,
        )

        return changed_user
