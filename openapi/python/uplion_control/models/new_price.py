from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="NewPrice")


@_attrs_define
class NewPrice:
    """Decimal units of the installation's currency, as text: `0.15`."""

    input_: str
    """ For a million tokens of the prompt. """
    model: str
    """ By its name or an alias. """
    output: str
    """ For a million tokens of the answer. """
    cached_input: None | str | Unset = UNSET
    """ For a million tokens of the prompt that the upstream had in its cache; as `input` if left out. """
    effective_from: datetime.datetime | None | Unset = UNSET
    """ RFC 3339, also past: then it counts for what is admitted from now on. Now if left out. """
    project: None | str | Unset = UNSET
    """ The project that alone pays this, by id or name; left out: whoever has no price of its own. """
    reasoning: None | str | Unset = UNSET
    """ For a million tokens of reasoning; as `output` if left out. """
    request: None | str | Unset = UNSET
    """ For the request itself; nothing if left out. """

    def to_dict(self) -> dict[str, Any]:
        input_ = self.input_

        model = self.model

        output = self.output

        cached_input: None | str | Unset
        if isinstance(self.cached_input, Unset):
            cached_input = UNSET
        else:
            cached_input = self.cached_input

        effective_from: None | str | Unset
        if isinstance(self.effective_from, Unset):
            effective_from = UNSET
        elif isinstance(self.effective_from, datetime.datetime):
            effective_from = self.effective_from.isoformat()
        else:
            effective_from = self.effective_from

        project: None | str | Unset
        if isinstance(self.project, Unset):
            project = UNSET
        else:
            project = self.project

        reasoning: None | str | Unset
        if isinstance(self.reasoning, Unset):
            reasoning = UNSET
        else:
            reasoning = self.reasoning

        request: None | str | Unset
        if isinstance(self.request, Unset):
            request = UNSET
        else:
            request = self.request

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "input": input_,
                "model": model,
                "output": output,
            }
        )
        if cached_input is not UNSET:
            field_dict["cached_input"] = cached_input
        if effective_from is not UNSET:
            field_dict["effective_from"] = effective_from
        if project is not UNSET:
            field_dict["project"] = project
        if reasoning is not UNSET:
            field_dict["reasoning"] = reasoning
        if request is not UNSET:
            field_dict["request"] = request

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        input_ = d.pop("input")

        model = d.pop("model")

        output = d.pop("output")

        def _parse_cached_input(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        cached_input = _parse_cached_input(d.pop("cached_input", UNSET))

        def _parse_effective_from(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                effective_from_type_0 = datetime.datetime.fromisoformat(data)

                return effective_from_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        effective_from = _parse_effective_from(d.pop("effective_from", UNSET))

        def _parse_project(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        project = _parse_project(d.pop("project", UNSET))

        def _parse_reasoning(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        reasoning = _parse_reasoning(d.pop("reasoning", UNSET))

        def _parse_request(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        request = _parse_request(d.pop("request", UNSET))

        new_price = cls(
            input_=input_,
            model=model,
            output=output,
            cached_input=cached_input,
            effective_from=effective_from,
            project=project,
            reasoning=reasoning,
            request=request,
        )

        return new_price
