from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="ArchivedEvent")


@_attrs_define
class ArchivedEvent:
    """An event at its place in the archive."""

    effective: bool
    """ False for what does not count: a repeated event, a second end of a request. """
    epoch: int
    event: Any
    """ `CloudEvents` 1.0. """
    pos: int
    """ Its place among all events, from 1. """
    sequence: int
    stream: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        effective = self.effective

        epoch = self.epoch

        event = self.event

        pos = self.pos

        sequence = self.sequence

        stream = self.stream

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "effective": effective,
                "epoch": epoch,
                "event": event,
                "pos": pos,
                "sequence": sequence,
                "stream": stream,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        effective = d.pop("effective")

        epoch = d.pop("epoch")

        event = d.pop("event")

        pos = d.pop("pos")

        sequence = d.pop("sequence")

        stream = d.pop("stream")

        archived_event = cls(
            effective=effective,
            epoch=epoch,
            event=event,
            pos=pos,
            sequence=sequence,
            stream=stream,
        )

        archived_event.additional_properties = d
        return archived_event

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
