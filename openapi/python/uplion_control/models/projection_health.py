from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ProjectionHealth")


@_attrs_define
class ProjectionHealth:
    lag: int
    """ Events of the archive that are not in it yet. """
    name: str
    version: int
    """ The version that this build of control reads. """
    halted: None | str | Unset = UNSET
    """ Why it stands still. """
    lag_seconds: float | None | Unset = UNSET
    """ How long ago the oldest of them happened. """
    live_version: int | None | Unset = UNSET
    """ The version that is live; null if no projector ever ran. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        lag = self.lag

        name = self.name

        version = self.version

        halted: None | str | Unset
        if isinstance(self.halted, Unset):
            halted = UNSET
        else:
            halted = self.halted

        lag_seconds: float | None | Unset
        if isinstance(self.lag_seconds, Unset):
            lag_seconds = UNSET
        else:
            lag_seconds = self.lag_seconds

        live_version: int | None | Unset
        if isinstance(self.live_version, Unset):
            live_version = UNSET
        else:
            live_version = self.live_version

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "lag": lag,
                "name": name,
                "version": version,
            }
        )
        if halted is not UNSET:
            field_dict["halted"] = halted
        if lag_seconds is not UNSET:
            field_dict["lag_seconds"] = lag_seconds
        if live_version is not UNSET:
            field_dict["live_version"] = live_version

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        lag = d.pop("lag")

        name = d.pop("name")

        version = d.pop("version")

        def _parse_halted(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        halted = _parse_halted(d.pop("halted", UNSET))

        def _parse_lag_seconds(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        lag_seconds = _parse_lag_seconds(d.pop("lag_seconds", UNSET))

        def _parse_live_version(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        live_version = _parse_live_version(d.pop("live_version", UNSET))

        projection_health = cls(
            lag=lag,
            name=name,
            version=version,
            halted=halted,
            lag_seconds=lag_seconds,
            live_version=live_version,
        )

        projection_health.additional_properties = d
        return projection_health

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
