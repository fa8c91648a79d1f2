from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="Installation")


@_attrs_define
class Installation:
    """One log, one currency, one time zone."""

    currency: str
    """ Of every amount, as ISO 4217 has it: `EUR`. """
    founded_at: datetime.datetime
    id: str
    """ Named by the source of its events. """
    minor_digits: int
    """ Decimals that amounts are shown with at least. They are exact, and may have up to nine. """
    time_zone: str
    """ In which hours of usage begin and times of day of prices are: `Europe/Berlin`. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        currency = self.currency

        founded_at = self.founded_at.isoformat()

        id = self.id

        minor_digits = self.minor_digits

        time_zone = self.time_zone

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "currency": currency,
                "founded_at": founded_at,
                "id": id,
                "minor_digits": minor_digits,
                "time_zone": time_zone,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        currency = d.pop("currency")

        founded_at = datetime.datetime.fromisoformat(d.pop("founded_at"))

        id = d.pop("id")

        minor_digits = d.pop("minor_digits")

        time_zone = d.pop("time_zone")

        installation = cls(
            currency=currency,
            founded_at=founded_at,
            id=id,
            minor_digits=minor_digits,
            time_zone=time_zone,
        )

        installation.additional_properties = d
        return installation

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
