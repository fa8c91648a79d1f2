from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.price_rates import PriceRates
    from ..models.price_rule import PriceRule


T = TypeVar("T", bound="Price")


@_attrs_define
class Price:
    """What a model charges from some time on: units of the installation's currency for a million tokens."""

    cached_input: str
    currency: str
    """ Of the installation, which all of these are in. """
    effective_from: datetime.datetime
    id: str
    input_: str
    model: str
    output: str
    rates: PriceRates
    """ By unit, where no rule before the last applies: all of those above are among them. """
    reasoning: str
    request: str
    """ For the request itself. """
    rules: list[PriceRule]
    """ The first that applies to a request counts; the last applies to whatever no other does. """
    set_at: datetime.datetime
    project: None | str | Unset = UNSET
    """ That alone pays this; null: for whoever has no price of its own. """
    withdrawn_at: datetime.datetime | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        cached_input = self.cached_input

        currency = self.currency

        effective_from = self.effective_from.isoformat()

        id = self.id

        input_ = self.input_

        model = self.model

        output = self.output

        rates = self.rates.to_dict()

        reasoning = self.reasoning

        request = self.request

        rules = []
        for rules_item_data in self.rules:
            rules_item = rules_item_data.to_dict()
            rules.append(rules_item)

        set_at = self.set_at.isoformat()

        project: None | str | Unset
        if isinstance(self.project, Unset):
            project = UNSET
        else:
            project = self.project

        withdrawn_at: None | str | Unset
        if isinstance(self.withdrawn_at, Unset):
            withdrawn_at = UNSET
        elif isinstance(self.withdrawn_at, datetime.datetime):
            withdrawn_at = self.withdrawn_at.isoformat()
        else:
            withdrawn_at = self.withdrawn_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "cached_input": cached_input,
                "currency": currency,
                "effective_from": effective_from,
                "id": id,
                "input": input_,
                "model": model,
                "output": output,
                "rates": rates,
                "reasoning": reasoning,
                "request": request,
                "rules": rules,
                "set_at": set_at,
            }
        )
        if project is not UNSET:
            field_dict["project"] = project
        if withdrawn_at is not UNSET:
            field_dict["withdrawn_at"] = withdrawn_at

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.price_rates import PriceRates
        from ..models.price_rule import PriceRule

        d = dict(src_dict)
        cached_input = d.pop("cached_input")

        currency = d.pop("currency")

        effective_from = datetime.datetime.fromisoformat(d.pop("effective_from"))

        id = d.pop("id")

        input_ = d.pop("input")

        model = d.pop("model")

        output = d.pop("output")

        rates = PriceRates.from_dict(d.pop("rates"))

        reasoning = d.pop("reasoning")

        request = d.pop("request")

        rules = []
        _rules = d.pop("rules")
        for rules_item_data in _rules:
            rules_item = PriceRule.from_dict(rules_item_data)

            rules.append(rules_item)

        set_at = datetime.datetime.fromisoformat(d.pop("set_at"))

        def _parse_project(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        project = _parse_project(d.pop("project", UNSET))

        def _parse_withdrawn_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                withdrawn_at_type_0 = datetime.datetime.fromisoformat(data)

                return withdrawn_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        withdrawn_at = _parse_withdrawn_at(d.pop("withdrawn_at", UNSET))

        price = cls(
            cached_input=cached_input,
            currency=currency,
            effective_from=effective_from,
            id=id,
            input_=input_,
            model=model,
            output=output,
            rates=rates,
            reasoning=reasoning,
            request=request,
            rules=rules,
            set_at=set_at,
            project=project,
            withdrawn_at=withdrawn_at,
        )

        price.additional_properties = d
        return price

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
