from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

from ..models.period import Period

T = TypeVar("T", bound="Budget")


@_attrs_define
class Budget:
    """How much may be spent."""

    amount: str
    """ Units of the installation's currency, exact: `250` or `0.5`. """
    period: Period

    def to_dict(self) -> dict[str, Any]:
        amount = self.amount

        period = self.period.value

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "amount": amount,
                "period": period,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        amount = d.pop("amount")

        period = Period(d.pop("period"))

        budget = cls(
            amount=amount,
            period=period,
        )

        return budget
