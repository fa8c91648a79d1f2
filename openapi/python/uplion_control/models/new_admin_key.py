from __future__ import annotations

import datetime
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
    expires_at: datetime.datetime | None | Unset = UNSET
    """ RFC 3339; left out: never. """

    def to_dict(self) -> dict[str, Any]:
        access = self.access.value

        name = self.name

        expires_at: None | str | Unset
        if isinstance(self.expires_at, Unset):
            expires_at = UNSET
        elif isinstance(self.expires_at, datetime.datetime):
            expires_at = self.expires_at.isoformat()
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

        def _parse_expires_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                expires_at_type_0 = datetime.datetime.fromisoformat(data)

                return expires_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        expires_at = _parse_expires_at(d.pop("expires_at", UNSET))

        new_admin_key = cls(
            access=access,
            name=name,
            expires_at=expires_at,
        )

        return new_admin_key
