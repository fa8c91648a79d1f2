from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="IssuedKey")


@_attrs_define
class IssuedKey:
    """A key that was issued, or given a new secret."""

    id: str
    """ Of what was written to: `prj_…`, `key_…`, `prc_…`, or a model's name. """
    in_force: bool
    """ Gateways and workers know of it, or will within 100 ms. If false it is recorded and will come into force by
    itself. """
    repeated: bool
    """ The same `Idempotency-Key` was seen before: this is what was done then. """
    version: int
    """ For `If-Match`. """
    position: None | str | Unset = UNSET
    """ Where it stands on the log: a read that names it in `Uplion-Position` sees the write. Null if it is not in
    force yet. """
    secret: None | str | Unset = UNSET
    """ Shown now and never again: it is not stored. Null if the command was repeated: rotate the key if the
    secret is lost. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        in_force = self.in_force

        repeated = self.repeated

        version = self.version

        position: None | str | Unset
        if isinstance(self.position, Unset):
            position = UNSET
        else:
            position = self.position

        secret: None | str | Unset
        if isinstance(self.secret, Unset):
            secret = UNSET
        else:
            secret = self.secret

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "in_force": in_force,
                "repeated": repeated,
                "version": version,
            }
        )
        if position is not UNSET:
            field_dict["position"] = position
        if secret is not UNSET:
            field_dict["secret"] = secret

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        id = d.pop("id")

        in_force = d.pop("in_force")

        repeated = d.pop("repeated")

        version = d.pop("version")

        def _parse_position(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        position = _parse_position(d.pop("position", UNSET))

        def _parse_secret(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        secret = _parse_secret(d.pop("secret", UNSET))

        issued_key = cls(
            id=id,
            in_force=in_force,
            repeated=repeated,
            version=version,
            position=position,
            secret=secret,
        )

        issued_key.additional_properties = d
        return issued_key

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
