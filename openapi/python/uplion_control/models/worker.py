from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.worker_status import WorkerStatus
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.worker_failure import WorkerFailure
    from ..models.worker_presence import WorkerPresence


T = TypeVar("T", bound="Worker")


@_attrs_define
class Worker:
    """Who takes requests from the queue and has upstreams answer them."""

    failures: list[WorkerFailure]
    """ The newest of each model. """
    id: str
    models: list[str]
    """ Those that it began to serve with. """
    requests: int
    """ Requests that it was given. """
    status: WorkerStatus
    last_request_at: datetime.datetime | None | Unset = UNSET
    presence: None | Unset | WorkerPresence = UNSET
    """ What it says of itself now, if it is there. """
    present: bool | None | Unset = UNSET
    """ Whether it is there now; null if that is not known yet. """
    started_at: datetime.datetime | None | Unset = UNSET
    stopped_at: datetime.datetime | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.worker_presence import WorkerPresence

        failures = []
        for failures_item_data in self.failures:
            failures_item = failures_item_data.to_dict()
            failures.append(failures_item)

        id = self.id

        models = self.models

        requests = self.requests

        status = self.status.value

        last_request_at: None | str | Unset
        if isinstance(self.last_request_at, Unset):
            last_request_at = UNSET
        elif isinstance(self.last_request_at, datetime.datetime):
            last_request_at = self.last_request_at.isoformat()
        else:
            last_request_at = self.last_request_at

        presence: dict[str, Any] | None | Unset
        if isinstance(self.presence, Unset):
            presence = UNSET
        elif isinstance(self.presence, WorkerPresence):
            presence = self.presence.to_dict()
        else:
            presence = self.presence

        present: bool | None | Unset
        if isinstance(self.present, Unset):
            present = UNSET
        else:
            present = self.present

        started_at: None | str | Unset
        if isinstance(self.started_at, Unset):
            started_at = UNSET
        elif isinstance(self.started_at, datetime.datetime):
            started_at = self.started_at.isoformat()
        else:
            started_at = self.started_at

        stopped_at: None | str | Unset
        if isinstance(self.stopped_at, Unset):
            stopped_at = UNSET
        elif isinstance(self.stopped_at, datetime.datetime):
            stopped_at = self.stopped_at.isoformat()
        else:
            stopped_at = self.stopped_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "failures": failures,
                "id": id,
                "models": models,
                "requests": requests,
                "status": status,
            }
        )
        if last_request_at is not UNSET:
            field_dict["last_request_at"] = last_request_at
        if presence is not UNSET:
            field_dict["presence"] = presence
        if present is not UNSET:
            field_dict["present"] = present
        if started_at is not UNSET:
            field_dict["started_at"] = started_at
        if stopped_at is not UNSET:
            field_dict["stopped_at"] = stopped_at

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.worker_failure import WorkerFailure
        from ..models.worker_presence import WorkerPresence

        d = dict(src_dict)
        failures = []
        _failures = d.pop("failures")
        for failures_item_data in _failures:
            failures_item = WorkerFailure.from_dict(failures_item_data)

            failures.append(failures_item)

        id = d.pop("id")

        models = cast(list[str], d.pop("models"))

        requests = d.pop("requests")

        status = WorkerStatus(d.pop("status"))

        def _parse_last_request_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                last_request_at_type_0 = datetime.datetime.fromisoformat(data)

                return last_request_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        last_request_at = _parse_last_request_at(d.pop("last_request_at", UNSET))

        def _parse_presence(data: object) -> None | Unset | WorkerPresence:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                presence_type_1 = WorkerPresence.from_dict(data)

                return presence_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Unset | WorkerPresence, data)

        presence = _parse_presence(d.pop("presence", UNSET))

        def _parse_present(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        present = _parse_present(d.pop("present", UNSET))

        def _parse_started_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                started_at_type_0 = datetime.datetime.fromisoformat(data)

                return started_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        started_at = _parse_started_at(d.pop("started_at", UNSET))

        def _parse_stopped_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                stopped_at_type_0 = datetime.datetime.fromisoformat(data)

                return stopped_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        stopped_at = _parse_stopped_at(d.pop("stopped_at", UNSET))

        worker = cls(
            failures=failures,
            id=id,
            models=models,
            requests=requests,
            status=status,
            last_request_at=last_request_at,
            presence=presence,
            present=present,
            started_at=started_at,
            stopped_at=stopped_at,
        )

        worker.additional_properties = d
        return worker

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
