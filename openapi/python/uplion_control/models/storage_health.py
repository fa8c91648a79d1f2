from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="StorageHealth")


@_attrs_define
class StorageHealth:
    """Where the streams are kept. Null in what cannot be told."""

    disk_free_bytes: int | None | Unset = UNSET
    """ Of the disk. """
    disk_total_bytes: int | None | Unset = UNSET
    max_bytes: int | None | Unset = UNSET
    """ What they may come to hold at most; null also where the broker sets no limit. """
    reserved_bytes: int | None | Unset = UNSET
    """ What all streams together may come to hold. """
    trouble: None | str | Unset = UNSET
    """ Why the broker did not answer. """
    used_bytes: int | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        disk_free_bytes: int | None | Unset
        if isinstance(self.disk_free_bytes, Unset):
            disk_free_bytes = UNSET
        else:
            disk_free_bytes = self.disk_free_bytes

        disk_total_bytes: int | None | Unset
        if isinstance(self.disk_total_bytes, Unset):
            disk_total_bytes = UNSET
        else:
            disk_total_bytes = self.disk_total_bytes

        max_bytes: int | None | Unset
        if isinstance(self.max_bytes, Unset):
            max_bytes = UNSET
        else:
            max_bytes = self.max_bytes

        reserved_bytes: int | None | Unset
        if isinstance(self.reserved_bytes, Unset):
            reserved_bytes = UNSET
        else:
            reserved_bytes = self.reserved_bytes

        trouble: None | str | Unset
        if isinstance(self.trouble, Unset):
            trouble = UNSET
        else:
            trouble = self.trouble

        used_bytes: int | None | Unset
        if isinstance(self.used_bytes, Unset):
            used_bytes = UNSET
        else:
            used_bytes = self.used_bytes

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if disk_free_bytes is not UNSET:
            field_dict["disk_free_bytes"] = disk_free_bytes
        if disk_total_bytes is not UNSET:
            field_dict["disk_total_bytes"] = disk_total_bytes
        if max_bytes is not UNSET:
            field_dict["max_bytes"] = max_bytes
        if reserved_bytes is not UNSET:
            field_dict["reserved_bytes"] = reserved_bytes
        if trouble is not UNSET:
            field_dict["trouble"] = trouble
        if used_bytes is not UNSET:
            field_dict["used_bytes"] = used_bytes

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)

        def _parse_disk_free_bytes(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        disk_free_bytes = _parse_disk_free_bytes(d.pop("disk_free_bytes", UNSET))

        def _parse_disk_total_bytes(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        disk_total_bytes = _parse_disk_total_bytes(d.pop("disk_total_bytes", UNSET))

        def _parse_max_bytes(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_bytes = _parse_max_bytes(d.pop("max_bytes", UNSET))

        def _parse_reserved_bytes(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        reserved_bytes = _parse_reserved_bytes(d.pop("reserved_bytes", UNSET))

        def _parse_trouble(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        trouble = _parse_trouble(d.pop("trouble", UNSET))

        def _parse_used_bytes(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        used_bytes = _parse_used_bytes(d.pop("used_bytes", UNSET))

        storage_health = cls(
            disk_free_bytes=disk_free_bytes,
            disk_total_bytes=disk_total_bytes,
            max_bytes=max_bytes,
            reserved_bytes=reserved_bytes,
            trouble=trouble,
            used_bytes=used_bytes,
        )

        storage_health.additional_properties = d
        return storage_health

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
