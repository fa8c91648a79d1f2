from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.usage_line_units import UsageLineUnits


T = TypeVar("T", bound="UsageLine")


@_attrs_define
class UsageLine:
    """Usage of one group. What the grouping does not tell apart is null."""

    cached_tokens: int
    """ A part of the prompt's. """
    cancelled: int
    completed: int
    completion_tokens: int
    cost: str
    """ Exact: `0.00042`. """
    failed: int
    prompt_tokens: int
    reasoning_tokens: int
    """ A part of the completion's. """
    requests: int
    """ All that ended, however they did. """
    units: UsageLineUnits
    """ All that was used, by unit, disjoint: what the counts of tokens are made of, and images, seconds and others.
    `requests` are those that were charged. """
    hour: None | str | Unset = UNSET
    """ The start of the hour in which the requests began. """
    key: None | str | Unset = UNSET
    key_name: None | str | Unset = UNSET
    model: None | str | Unset = UNSET
    operation: None | str | Unset = UNSET
    """ `chat_completion`, `embedding`, … : there may be others in later versions. """
    project: None | str | Unset = UNSET
    project_name: None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        cached_tokens = self.cached_tokens

        cancelled = self.cancelled

        completed = self.completed

        completion_tokens = self.completion_tokens

        cost = self.cost

        failed = self.failed

        prompt_tokens = self.prompt_tokens

        reasoning_tokens = self.reasoning_tokens

        requests = self.requests

        units = self.units.to_dict()

        hour: None | str | Unset
        if isinstance(self.hour, Unset):
            hour = UNSET
        else:
            hour = self.hour

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

        project: None | str | Unset
        if isinstance(self.project, Unset):
            project = UNSET
        else:
            project = self.project

        project_name: None | str | Unset
        if isinstance(self.project_name, Unset):
            project_name = UNSET
        else:
            project_name = self.project_name

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "cached_tokens": cached_tokens,
                "cancelled": cancelled,
                "completed": completed,
                "completion_tokens": completion_tokens,
                "cost": cost,
                "failed": failed,
                "prompt_tokens": prompt_tokens,
                "reasoning_tokens": reasoning_tokens,
                "requests": requests,
                "units": units,
            }
        )
        if hour is not UNSET:
            field_dict["hour"] = hour
        if key is not UNSET:
            field_dict["key"] = key
        if key_name is not UNSET:
            field_dict["key_name"] = key_name
        if model is not UNSET:
            field_dict["model"] = model
        if operation is not UNSET:
            field_dict["operation"] = operation
        if project is not UNSET:
            field_dict["project"] = project
        if project_name is not UNSET:
            field_dict["project_name"] = project_name

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.usage_line_units import UsageLineUnits

        d = dict(src_dict)
        cached_tokens = d.pop("cached_tokens")

        cancelled = d.pop("cancelled")

        completed = d.pop("completed")

        completion_tokens = d.pop("completion_tokens")

        cost = d.pop("cost")

        failed = d.pop("failed")

        prompt_tokens = d.pop("prompt_tokens")

        reasoning_tokens = d.pop("reasoning_tokens")

        requests = d.pop("requests")

        units = UsageLineUnits.from_dict(d.pop("units"))

        def _parse_hour(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        hour = _parse_hour(d.pop("hour", UNSET))

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

        def _parse_project(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        project = _parse_project(d.pop("project", UNSET))

        def _parse_project_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        project_name = _parse_project_name(d.pop("project_name", UNSET))

        usage_line = cls(
            cached_tokens=cached_tokens,
            cancelled=cancelled,
            completed=completed,
            completion_tokens=completion_tokens,
            cost=cost,
            failed=failed,
            prompt_tokens=prompt_tokens,
            reasoning_tokens=reasoning_tokens,
            requests=requests,
            units=units,
            hour=hour,
            key=key,
            key_name=key_name,
            model=model,
            operation=operation,
            project=project,
            project_name=project_name,
        )

        usage_line.additional_properties = d
        return usage_line

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
