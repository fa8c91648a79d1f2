from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Rates")


@_attrs_define
class Rates:
    """Units of the installation's currency for a million tokens."""

    cached_input: str
    input_: str
    output: str
    reasoning: str
    request: str
    """ For the request itself. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        cached_input = self.cached_input

        input_ = self.input_

        output = self.output

        reasoning = self.reasoning

        request = self.request

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "cached_input": cached_input,
                "input": input_,
                "output": output,
                "reasoning": reasoning,
                "request": request,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        cached_input = d.pop("cached_input")

        input_ = d.pop("input")

        output = d.pop("output")

        reasoning = d.pop("reasoning")

        request = d.pop("request")

        rates = cls(
            cached_input=cached_input,
            input_=input_,
            output=output,
            reasoning=reasoning,
            request=request,
        )

        rates.additional_properties = d
        return rates

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
