from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.admin_key_access import AdminKeyAccess
from ..types import UNSET, Unset

T = TypeVar("T", bound="NewAdminKey")


@_attrs_define
class NewAdminKey:
    access: AdminKeyAccess
    name: str
    """ For people: what it is for. At most 128 characters. """
    expires_at: None | str | Unset = UNSET
    """ RFC 3339; left out: never. """

    def to_dict(self) -> dict[str, Any]:
        access = self.access.value

        name = self.name

        expires_at: None | str | Unset
        if isinstance(self.expires_at, Unset):
            expires_at = UNSET
        else:
            expires_at = self.expires_at

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "access": access,
                "name": name,
            }
        )
        if expires_at is not UNSET:
            field_dict["expires_at"] = expires_at

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        access = AdminKeyAccess(d.pop("access"))

        name = d.pop("name")

        def _parse_expires_at(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        expires_at = _parse_expires_at(d.pop("expires_at", UNSET))

        new_admin_key = cls(
            access=access,
            name=name,
            expires_at=expires_at,
        )

        return new_admin_key
