from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.archived_event import ArchivedEvent
    from ..models.request_attempt import RequestAttempt
    from ..models.request_summary import RequestSummary


T = TypeVar("T", bound="RequestStory")


@_attrs_define
class RequestStory:
    attempts: list[RequestAttempt]
    """ At upstreams, in order; told when it ends. """
    complete: bool
    """ Everything that had happened when the question arrived is in it. """
    events: list[ArchivedEvent]
    """ In the order of the archive. """
    request: None | RequestSummary | Unset = UNSET
    """ Null while only its events are known. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.request_summary import RequestSummary

        attempts = []
        for attempts_item_data in self.attempts:
            attempts_item = attempts_item_data.to_dict()
            attempts.append(attempts_item)

        complete = self.complete

        events = []
        for events_item_data in self.events:
            events_item = events_item_data.to_dict()
            events.append(events_item)

        request: dict[str, Any] | None | Unset
        if isinstance(self.request, Unset):
            request = UNSET
        elif isinstance(self.request, RequestSummary):
            request = self.request.to_dict()
        else:
            request = self.request

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "attempts": attempts,
                "complete": complete,
                "events": events,
            }
        )
        if request is not UNSET:
            field_dict["request"] = request

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.archived_event import ArchivedEvent
        from ..models.request_attempt import RequestAttempt
        from ..models.request_summary import RequestSummary

        d = dict(src_dict)
        attempts = []
        _attempts = d.pop("attempts")
        for attempts_item_data in _attempts:
            attempts_item = RequestAttempt.from_dict(attempts_item_data)

            attempts.append(attempts_item)

        complete = d.pop("complete")

        events = []
        _events = d.pop("events")
        for events_item_data in _events:
            events_item = ArchivedEvent.from_dict(events_item_data)

            events.append(events_item)

        def _parse_request(data: object) -> None | RequestSummary | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                request_type_1 = RequestSummary.from_dict(data)

                return request_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | RequestSummary | Unset, data)

        request = _parse_request(d.pop("request", UNSET))

        request_story = cls(
            attempts=attempts,
            complete=complete,
            events=events,
            request=request,
        )

        request_story.additional_properties = d
        return request_story

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
