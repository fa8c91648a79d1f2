from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="ArchivedEvent")


@_attrs_define
class ArchivedEvent:
    """An event at its place in the archive."""

    effective: bool
    """ False for what does not count: a repeated event, a second end of a request. """
    epoch: int
    event: Any
    """ `CloudEvents` 1.0. """
    position: str
    """ Its place in the log, opaque: to be given as `after`. It is the same after a restore. """
    sequence: int
    stream: str
    actor_name: None | str | Unset = UNSET
    """ What the person who did it is called now. """
    reason: None | str | Unset = UNSET
    """ Why, in that person's words. """
    source_address: None | str | Unset = UNSET
    """ Where the call came from; `via` names the proxy that says so. """
    user_agent: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        effective = self.effective

        epoch = self.epoch

        event = self.event

        position = self.position

        sequence = self.sequence

        stream = self.stream

        actor_name: None | str | Unset
        if isinstance(self.actor_name, Unset):
            actor_name = UNSET
        else:
            actor_name = self.actor_name

        reason: None | str | Unset
        if isinstance(self.reason, Unset):
            reason = UNSET
        else:
            reason = self.reason

        source_address: None | str | Unset
        if isinstance(self.source_address, Unset):
            source_address = UNSET
        else:
            source_address = self.source_address

        user_agent: None | str | Unset
        if isinstance(self.user_agent, Unset):
            user_agent = UNSET
        else:
            user_agent = self.user_agent

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "effective": effective,
                "epoch": epoch,
                "event": event,
                "position": position,
                "sequence": sequence,
                "stream": stream,
            }
        )
        if actor_name is not UNSET:
            field_dict["actor_name"] = actor_name
        if reason is not UNSET:
            field_dict["reason"] = reason
        if source_address is not UNSET:
            field_dict["source_address"] = source_address
        if user_agent is not UNSET:
            field_dict["user_agent"] = user_agent

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        effective = d.pop("effective")

        epoch = d.pop("epoch")

        event = d.pop("event")

        position = d.pop("position")

        sequence = d.pop("sequence")

        stream = d.pop("stream")

        def _parse_actor_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        actor_name = _parse_actor_name(d.pop("actor_name", UNSET))

        def _parse_reason(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        reason = _parse_reason(d.pop("reason", UNSET))

        def _parse_source_address(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        source_address = _parse_source_address(d.pop("source_address", UNSET))

        def _parse_user_agent(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        user_agent = _parse_user_agent(d.pop("user_agent", UNSET))

        archived_event = cls(
            effective=effective,
            epoch=epoch,
            event=event,
            position=position,
            sequence=sequence,
            stream=stream,
            actor_name=actor_name,
            reason=reason,
            source_address=source_address,
            user_agent=user_agent,
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
