from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.upstream_health import UpstreamHealth
from ..types import UNSET, Unset

T = TypeVar("T", bound="UpstreamPresence")


@_attrs_define
class UpstreamPresence:
    """A model at one of its upstreams, as one worker finds it."""

    capacity: int
    health: UpstreamHealth
    id: str
    in_flight: int
    model: str
    url: str
    reason: None | str | Unset = UNSET
    """ Why it is down and what mends that, in a sentence. """
    resting_for_s: int | None | Unset = UNSET
    """ Seconds that it is left alone, if it rests. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        capacity = self.capacity

        health = self.health.value

        id = self.id

        in_flight = self.in_flight

        model = self.model

        url = self.url

        reason: None | str | Unset
        if isinstance(self.reason, Unset):
            reason = UNSET
        else:
            reason = self.reason

        resting_for_s: int | None | Unset
        if isinstance(self.resting_for_s, Unset):
            resting_for_s = UNSET
        else:
            resting_for_s = self.resting_for_s

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "capacity": capacity,
                "health": health,
                "id": id,
                "in_flight": in_flight,
                "model": model,
                "url": url,
            }
        )
        if reason is not UNSET:
            field_dict["reason"] = reason
        if resting_for_s is not UNSET:
            field_dict["resting_for_s"] = resting_for_s

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        capacity = d.pop("capacity")

        health = UpstreamHealth(d.pop("health"))

        id = d.pop("id")

        in_flight = d.pop("in_flight")

        model = d.pop("model")

        url = d.pop("url")

        def _parse_reason(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        reason = _parse_reason(d.pop("reason", UNSET))

        def _parse_resting_for_s(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        resting_for_s = _parse_resting_for_s(d.pop("resting_for_s", UNSET))

        upstream_presence = cls(
            capacity=capacity,
            health=health,
            id=id,
            in_flight=in_flight,
            model=model,
            url=url,
            reason=reason,
            resting_for_s=resting_for_s,
        )

        upstream_presence.additional_properties = d
        return upstream_presence

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
