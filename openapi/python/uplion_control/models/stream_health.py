from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="StreamHealth")


@_attrs_define
class StreamHealth:
    """A stream, and how much of it is archived. Null in what the broker did not say."""

    archived: int
    """ Up to which the archive holds it. """
    name: str
    quarantined: int
    """ Messages that are none of ours, set aside until somebody has looked at them: `uplion log quarantine list`.
    """
    archived_epoch: int | None | Unset = UNSET
    bytes_: int | None | Unset = UNSET
    created_at: datetime.datetime | None | Unset = UNSET
    epoch: int | None | Unset = UNSET
    first: int | None | Unset = UNSET
    """ Of the oldest message still held. """
    halted: None | str | Unset = UNSET
    """ Why the archive cannot go on with it. """
    lag: int | None | Unset = UNSET
    """ Messages that are not archived yet. """
    lag_seconds: float | None | Unset = UNSET
    """ For how long the oldest of them has been there. """
    last: int | None | Unset = UNSET
    """ Of the newest message. """
    max_bytes: int | None | Unset = UNSET
    trouble: None | str | Unset = UNSET
    """ Why the broker did not answer. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        archived = self.archived

        name = self.name

        quarantined = self.quarantined

        archived_epoch: int | None | Unset
        if isinstance(self.archived_epoch, Unset):
            archived_epoch = UNSET
        else:
            archived_epoch = self.archived_epoch

        bytes_: int | None | Unset
        if isinstance(self.bytes_, Unset):
            bytes_ = UNSET
        else:
            bytes_ = self.bytes_

        created_at: None | str | Unset
        if isinstance(self.created_at, Unset):
            created_at = UNSET
        elif isinstance(self.created_at, datetime.datetime):
            created_at = self.created_at.isoformat()
        else:
            created_at = self.created_at

        epoch: int | None | Unset
        if isinstance(self.epoch, Unset):
            epoch = UNSET
        else:
            epoch = self.epoch

        first: int | None | Unset
        if isinstance(self.first, Unset):
            first = UNSET
        else:
            first = self.first

        halted: None | str | Unset
        if isinstance(self.halted, Unset):
            halted = UNSET
        else:
            halted = self.halted

        lag: int | None | Unset
        if isinstance(self.lag, Unset):
            lag = UNSET
        else:
            lag = self.lag

        lag_seconds: float | None | Unset
        if isinstance(self.lag_seconds, Unset):
            lag_seconds = UNSET
        else:
            lag_seconds = self.lag_seconds

        last: int | None | Unset
        if isinstance(self.last, Unset):
            last = UNSET
        else:
            last = self.last

        max_bytes: int | None | Unset
        if isinstance(self.max_bytes, Unset):
            max_bytes = UNSET
        else:
            max_bytes = self.max_bytes

        trouble: None | str | Unset
        if isinstance(self.trouble, Unset):
            trouble = UNSET
        else:
            trouble = self.trouble

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "archived": archived,
                "name": name,
                "quarantined": quarantined,
            }
        )
        if archived_epoch is not UNSET:
            field_dict["archived_epoch"] = archived_epoch
        if bytes_ is not UNSET:
            field_dict["bytes"] = bytes_
        if created_at is not UNSET:
            field_dict["created_at"] = created_at
        if epoch is not UNSET:
            field_dict["epoch"] = epoch
        if first is not UNSET:
            field_dict["first"] = first
        if halted is not UNSET:
            field_dict["halted"] = halted
        if lag is not UNSET:
            field_dict["lag"] = lag
        if lag_seconds is not UNSET:
            field_dict["lag_seconds"] = lag_seconds
        if last is not UNSET:
            field_dict["last"] = last
        if max_bytes is not UNSET:
            field_dict["max_bytes"] = max_bytes
        if trouble is not UNSET:
            field_dict["trouble"] = trouble

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        archived = d.pop("archived")

        name = d.pop("name")

        quarantined = d.pop("quarantined")

        def _parse_archived_epoch(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        archived_epoch = _parse_archived_epoch(d.pop("archived_epoch", UNSET))

        def _parse_bytes_(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        bytes_ = _parse_bytes_(d.pop("bytes", UNSET))

        def _parse_created_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                created_at_type_0 = datetime.datetime.fromisoformat(data)

                return created_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        created_at = _parse_created_at(d.pop("created_at", UNSET))

        def _parse_epoch(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        epoch = _parse_epoch(d.pop("epoch", UNSET))

        def _parse_first(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        first = _parse_first(d.pop("first", UNSET))

        def _parse_halted(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        halted = _parse_halted(d.pop("halted", UNSET))

        def _parse_lag(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        lag = _parse_lag(d.pop("lag", UNSET))

        def _parse_lag_seconds(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        lag_seconds = _parse_lag_seconds(d.pop("lag_seconds", UNSET))

        def _parse_last(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        last = _parse_last(d.pop("last", UNSET))

        def _parse_max_bytes(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_bytes = _parse_max_bytes(d.pop("max_bytes", UNSET))

        def _parse_trouble(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        trouble = _parse_trouble(d.pop("trouble", UNSET))

        stream_health = cls(
            archived=archived,
            name=name,
            quarantined=quarantined,
            archived_epoch=archived_epoch,
            bytes_=bytes_,
            created_at=created_at,
            epoch=epoch,
            first=first,
            halted=halted,
            lag=lag,
            lag_seconds=lag_seconds,
            last=last,
            max_bytes=max_bytes,
            trouble=trouble,
        )

        stream_health.additional_properties = d
        return stream_health

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
