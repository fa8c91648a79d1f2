from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.upstream_presence import UpstreamPresence


T = TypeVar("T", bound="WorkerPresence")


@_attrs_define
class WorkerPresence:
    """What a worker that is there says of itself, once a second."""

    capacity: int
    """ Requests that its upstreams take at once. """
    in_flight: int
    """ Requests that are with its upstreams. """
    leaving: bool
    """ It takes no more requests and is about to go. """
    upstreams: list[UpstreamPresence]
    """ Each model at each of its upstreams. """
    version: str
    """ Of its software. """
    hindrance: None | str | Unset = UNSET
    """ What keeps it from its work, in a sentence. """
    zone: None | str | Unset = UNSET
    """ Where it runs, as its environment calls it. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        capacity = self.capacity

        in_flight = self.in_flight

        leaving = self.leaving

        upstreams = []
        for upstreams_item_data in self.upstreams:
            upstreams_item = upstreams_item_data.to_dict()
            upstreams.append(upstreams_item)

        version = self.version

        hindrance: None | str | Unset
        if isinstance(self.hindrance, Unset):
            hindrance = UNSET
        else:
            hindrance = self.hindrance

        zone: None | str | Unset
        if isinstance(self.zone, Unset):
            zone = UNSET
        else:
            zone = self.zone

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "capacity": capacity,
                "in_flight": in_flight,
                "leaving": leaving,
                "upstreams": upstreams,
                "version": version,
            }
        )
        if hindrance is not UNSET:
            field_dict["hindrance"] = hindrance
        if zone is not UNSET:
            field_dict["zone"] = zone

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.upstream_presence import UpstreamPresence

        d = dict(src_dict)
        capacity = d.pop("capacity")

        in_flight = d.pop("in_flight")

        leaving = d.pop("leaving")

        upstreams = []
        _upstreams = d.pop("upstreams")
        for upstreams_item_data in _upstreams:
            upstreams_item = UpstreamPresence.from_dict(upstreams_item_data)

            upstreams.append(upstreams_item)

        version = d.pop("version")

        def _parse_hindrance(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        hindrance = _parse_hindrance(d.pop("hindrance", UNSET))

        def _parse_zone(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        zone = _parse_zone(d.pop("zone", UNSET))

        worker_presence = cls(
            capacity=capacity,
            in_flight=in_flight,
            leaving=leaving,
            upstreams=upstreams,
            version=version,
            hindrance=hindrance,
            zone=zone,
        )

        worker_presence.additional_properties = d
        return worker_presence

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
