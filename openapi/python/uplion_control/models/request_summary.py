from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.request_summary_reported_units_type_0 import (
        RequestSummaryReportedUnitsType0,
    )
    from ..models.request_summary_units import RequestSummaryUnits


T = TypeVar("T", bound="RequestSummary")


@_attrs_define
class RequestSummary:
    """How a request went."""

    attempts: int
    cached_tokens: int
    completion_tokens: int
    cost: str
    """ Exact. """
    currency: str
    """ Of the installation, which the cost is in. """
    id: str
    marks: list[str]
    """ Why a person should look at what it was charged, as in the list of charges; none for nearly all. """
    project: str
    prompt_tokens: int
    reasoning_tokens: int
    status: str
    """ `accepted`, `assigned`, `completed`, `cancelled` or `failed`. """
    units: RequestSummaryUnits
    """ What is billed, by unit: no token is in two of them. """
    accepted_at: datetime.datetime | None | Unset = UNSET
    assigned_ms: float | None | Unset = UNSET
    """ Milliseconds from acceptance to the first worker, to the first chunk, to the end. """
    first_chunk_ms: float | None | Unset = UNSET
    gateway: None | str | Unset = UNSET
    key: None | str | Unset = UNSET
    key_name: None | str | Unset = UNSET
    model: None | str | Unset = UNSET
    operation: None | str | Unset = UNSET
    """ `chat_completion`, `embedding`, ... """
    project_name: None | str | Unset = UNSET
    reported_units: None | RequestSummaryReportedUnitsType0 | Unset = UNSET
    """ What the upstream reported, by unit, if less was charged. """
    reversed_at: datetime.datetime | None | Unset = UNSET
    """ When its charge was taken back, because its client was told of an error after all: it costs nothing. """
    settled_at: datetime.datetime | None | Unset = UNSET
    streamed: bool | None | Unset = UNSET
    total_ms: float | None | Unset = UNSET
    upstream_status: int | None | Unset = UNSET
    usage_dialect: None | str | Unset = UNSET
    """ In whose words it was reported, if not in OpenAI's: `input_output`, `x_groq`, ... """
    usage_source: None | str | Unset = UNSET
    """ How it was come by: `reported` by the upstream or `counted`; null until the request ended. """
    why: None | str | Unset = UNSET
    """ Why it was cancelled or failed: `client_gone`, `upstream_failed`, ... """
    worker: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.request_summary_reported_units_type_0 import (
            RequestSummaryReportedUnitsType0,
        )

        attempts = self.attempts

        cached_tokens = self.cached_tokens

        completion_tokens = self.completion_tokens

        cost = self.cost

        currency = self.currency

        id = self.id

        marks = self.marks

        project = self.project

        prompt_tokens = self.prompt_tokens

        reasoning_tokens = self.reasoning_tokens

        status = self.status

        units = self.units.to_dict()

        accepted_at: None | str | Unset
        if isinstance(self.accepted_at, Unset):
            accepted_at = UNSET
        elif isinstance(self.accepted_at, datetime.datetime):
            accepted_at = self.accepted_at.isoformat()
        else:
            accepted_at = self.accepted_at

        assigned_ms: float | None | Unset
        if isinstance(self.assigned_ms, Unset):
            assigned_ms = UNSET
        else:
            assigned_ms = self.assigned_ms

        first_chunk_ms: float | None | Unset
        if isinstance(self.first_chunk_ms, Unset):
            first_chunk_ms = UNSET
        else:
            first_chunk_ms = self.first_chunk_ms

        gateway: None | str | Unset
        if isinstance(self.gateway, Unset):
            gateway = UNSET
        else:
            gateway = self.gateway

        key: None | str | Unset
        if isinstance(self.key, Unset):
            key = UNSET
        else:
            key = self.key

        key_name: None | str | Unset
        if isinstance(self.key_name, Unset):
            key_name = UNSET
        else:
            key_name = self.key_name

        model: None | str | Unset
        if isinstance(self.model, Unset):
            model = UNSET
        else:
            model = self.model

        operation: None | str | Unset
        if isinstance(self.operation, Unset):
            operation = UNSET
        else:
            operation = self.operation

        project_name: None | str | Unset
        if isinstance(self.project_name, Unset):
            project_name = UNSET
        else:
            project_name = self.project_name

        reported_units: dict[str, Any] | None | Unset
        if isinstance(self.reported_units, Unset):
            reported_units = UNSET
        elif isinstance(self.reported_units, RequestSummaryReportedUnitsType0):
            reported_units = self.reported_units.to_dict()
        else:
            reported_units = self.reported_units

        reversed_at: None | str | Unset
        if isinstance(self.reversed_at, Unset):
            reversed_at = UNSET
        elif isinstance(self.reversed_at, datetime.datetime):
            reversed_at = self.reversed_at.isoformat()
        else:
            reversed_at = self.reversed_at

        settled_at: None | str | Unset
        if isinstance(self.settled_at, Unset):
            settled_at = UNSET
        elif isinstance(self.settled_at, datetime.datetime):
            settled_at = self.settled_at.isoformat()
        else:
            settled_at = self.settled_at

        streamed: bool | None | Unset
        if isinstance(self.streamed, Unset):
            streamed = UNSET
        else:
            streamed = self.streamed

        total_ms: float | None | Unset
        if isinstance(self.total_ms, Unset):
            total_ms = UNSET
        else:
            total_ms = self.total_ms

        upstream_status: int | None | Unset
        if isinstance(self.upstream_status, Unset):
            upstream_status = UNSET
        else:
            upstream_status = self.upstream_status

        usage_dialect: None | str | Unset
        if isinstance(self.usage_dialect, Unset):
            usage_dialect = UNSET
        else:
            usage_dialect = self.usage_dialect

        usage_source: None | str | Unset
        if isinstance(self.usage_source, Unset):
            usage_source = UNSET
        else:
            usage_source = self.usage_source

        why: None | str | Unset
        if isinstance(self.why, Unset):
            why = UNSET
        else:
            why = self.why

        worker: None | str | Unset
        if isinstance(self.worker, Unset):
            worker = UNSET
        else:
            worker = self.worker

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "attempts": attempts,
                "cached_tokens": cached_tokens,
                "completion_tokens": completion_tokens,
                "cost": cost,
                "currency": currency,
                "id": id,
                "marks": marks,
                "project": project,
                "prompt_tokens": prompt_tokens,
                "reasoning_tokens": reasoning_tokens,
                "status": status,
                "units": units,
            }
        )
        if accepted_at is not UNSET:
            field_dict["accepted_at"] = accepted_at
        if assigned_ms is not UNSET:
            field_dict["assigned_ms"] = assigned_ms
        if first_chunk_ms is not UNSET:
            field_dict["first_chunk_ms"] = first_chunk_ms
        if gateway is not UNSET:
            field_dict["gateway"] = gateway
        if key is not UNSET:
            field_dict["key"] = key
        if key_name is not UNSET:
            field_dict["key_name"] = key_name
        if model is not UNSET:
            field_dict["model"] = model
        if operation is not UNSET:
            field_dict["operation"] = operation
        if project_name is not UNSET:
            field_dict["project_name"] = project_name
        if reported_units is not UNSET:
            field_dict["reported_units"] = reported_units
        if reversed_at is not UNSET:
            field_dict["reversed_at"] = reversed_at
        if settled_at is not UNSET:
            field_dict["settled_at"] = settled_at
        if streamed is not UNSET:
            field_dict["streamed"] = streamed
        if total_ms is not UNSET:
            field_dict["total_ms"] = total_ms
        if upstream_status is not UNSET:
            field_dict["upstream_status"] = upstream_status
        if usage_dialect is not UNSET:
            field_dict["usage_dialect"] = usage_dialect
        if usage_source is not UNSET:
            field_dict["usage_source"] = usage_source
        if why is not UNSET:
            field_dict["why"] = why
        if worker is not UNSET:
            field_dict["worker"] = worker

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.request_summary_reported_units_type_0 import (
            RequestSummaryReportedUnitsType0,
        )
        from ..models.request_summary_units import RequestSummaryUnits

        d = dict(src_dict)
        attempts = d.pop("attempts")

        cached_tokens = d.pop("cached_tokens")

        completion_tokens = d.pop("completion_tokens")

        cost = d.pop("cost")

        currency = d.pop("currency")

        id = d.pop("id")

        marks = cast(list[str], d.pop("marks"))

        project = d.pop("project")

        prompt_tokens = d.pop("prompt_tokens")

        reasoning_tokens = d.pop("reasoning_tokens")

        status = d.pop("status")

        units = RequestSummaryUnits.from_dict(d.pop("units"))

        def _parse_accepted_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                accepted_at_type_0 = datetime.datetime.fromisoformat(data)

                return accepted_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        accepted_at = _parse_accepted_at(d.pop("accepted_at", UNSET))

        def _parse_assigned_ms(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        assigned_ms = _parse_assigned_ms(d.pop("assigned_ms", UNSET))

        def _parse_first_chunk_ms(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        first_chunk_ms = _parse_first_chunk_ms(d.pop("first_chunk_ms", UNSET))

        def _parse_gateway(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        gateway = _parse_gateway(d.pop("gateway", UNSET))

        def _parse_key(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        key = _parse_key(d.pop("key", UNSET))

        def _parse_key_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        key_name = _parse_key_name(d.pop("key_name", UNSET))

        def _parse_model(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        model = _parse_model(d.pop("model", UNSET))

        def _parse_operation(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        operation = _parse_operation(d.pop("operation", UNSET))

        def _parse_project_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        project_name = _parse_project_name(d.pop("project_name", UNSET))

        def _parse_reported_units(
            data: object,
        ) -> None | RequestSummaryReportedUnitsType0 | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                reported_units_type_0 = RequestSummaryReportedUnitsType0.from_dict(data)

                return reported_units_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | RequestSummaryReportedUnitsType0 | Unset, data)

        reported_units = _parse_reported_units(d.pop("reported_units", UNSET))

        def _parse_reversed_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                reversed_at_type_0 = datetime.datetime.fromisoformat(data)

                return reversed_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        reversed_at = _parse_reversed_at(d.pop("reversed_at", UNSET))

        def _parse_settled_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                settled_at_type_0 = datetime.datetime.fromisoformat(data)

                return settled_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        settled_at = _parse_settled_at(d.pop("settled_at", UNSET))

        def _parse_streamed(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        streamed = _parse_streamed(d.pop("streamed", UNSET))

        def _parse_total_ms(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        total_ms = _parse_total_ms(d.pop("total_ms", UNSET))

        def _parse_upstream_status(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        upstream_status = _parse_upstream_status(d.pop("upstream_status", UNSET))

        def _parse_usage_dialect(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        usage_dialect = _parse_usage_dialect(d.pop("usage_dialect", UNSET))

        def _parse_usage_source(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        usage_source = _parse_usage_source(d.pop("usage_source", UNSET))

        def _parse_why(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        why = _parse_why(d.pop("why", UNSET))

        def _parse_worker(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        worker = _parse_worker(d.pop("worker", UNSET))

        request_summary = cls(
            attempts=attempts,
            cached_tokens=cached_tokens,
            completion_tokens=completion_tokens,
            cost=cost,
            currency=currency,
            id=id,
            marks=marks,
            project=project,
            prompt_tokens=prompt_tokens,
            reasoning_tokens=reasoning_tokens,
            status=status,
            units=units,
            accepted_at=accepted_at,
            assigned_ms=assigned_ms,
            first_chunk_ms=first_chunk_ms,
            gateway=gateway,
            key=key,
            key_name=key_name,
            model=model,
            operation=operation,
            project_name=project_name,
            reported_units=reported_units,
            reversed_at=reversed_at,
            settled_at=settled_at,
            streamed=streamed,
            total_ms=total_ms,
            upstream_status=upstream_status,
            usage_dialect=usage_dialect,
            usage_source=usage_source,
            why=why,
            worker=worker,
        )

        request_summary.additional_properties = d
        return request_summary

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
