from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.price_condition import PriceCondition
    from ..models.price_rule_rates import PriceRuleRates


T = TypeVar("T", bound="PriceRule")


@_attrs_define
class PriceRule:
    """Rates of requests of which something is so."""

    rates: PriceRuleRates
    """ By unit: `input`, `output`, `images`, ... """
    when: None | PriceCondition | Unset = UNSET
    """ All of it must be so. Nothing: whatever no rule before applies to. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.price_condition import PriceCondition

        rates = self.rates.to_dict()

        when: dict[str, Any] | None | Unset
        if isinstance(self.when, Unset):
            when = UNSET
        elif isinstance(self.when, PriceCondition):
            when = self.when.to_dict()
        else:
            when = self.when

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "rates": rates,
            }
        )
        if when is not UNSET:
            field_dict["when"] = when

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.price_condition import PriceCondition
        from ..models.price_rule_rates import PriceRuleRates

        d = dict(src_dict)
        rates = PriceRuleRates.from_dict(d.pop("rates"))

        def _parse_when(data: object) -> None | PriceCondition | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                when_type_1 = PriceCondition.from_dict(data)

                return when_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | PriceCondition | Unset, data)

        when = _parse_when(d.pop("when", UNSET))

        price_rule = cls(
            rates=rates,
            when=when,
        )

        return price_rule
