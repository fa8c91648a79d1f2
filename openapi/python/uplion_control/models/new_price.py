from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.new_price_rates_type_0 import NewPriceRatesType0
    from ..models.price_rule import PriceRule


T = TypeVar("T", bound="NewPrice")


@_attrs_define
class NewPrice:
    """Decimal units of the installation's currency, as text: `0.15`."""

    model: str
    """ By its name or an alias. """
    cached_input: None | str | Unset = UNSET
    """ For a million tokens of the prompt that the upstream had in its cache; as `input` if left out. """
    effective_from: datetime.datetime | None | Unset = UNSET
    """ RFC 3339, also past: then it counts for what is admitted from now on. Now if left out. """
    input_: None | str | Unset = UNSET
    """ For a million tokens of the prompt. What the model needs of input and output is said, also if it is 0,
    unless a
    request has a price of its own. """
    output: None | str | Unset = UNSET
    """ For a million tokens of the answer. """
    project: None | str | Unset = UNSET
    """ The project that alone pays this, by id or name; left out: whoever has no price of its own. """
    rates: NewPriceRatesType0 | None | Unset = UNSET
    """ Of other units, beside those above. """
    reasoning: None | str | Unset = UNSET
    """ For a million tokens of reasoning; as `output` if left out. """
    request: None | str | Unset = UNSET
    """ For the request itself; nothing if left out. """
    rules: list[PriceRule] | None | Unset = UNSET
    """ Rates of requests of which something is so: the first that applies counts, before the rates above. The last
    may
    ask for nothing, if there are none above. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.new_price_rates_type_0 import NewPriceRatesType0

        model = self.model

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

        input_: None | str | Unset
        if isinstance(self.input_, Unset):
            input_ = UNSET
        else:
            input_ = self.input_

        output: None | str | Unset
        if isinstance(self.output, Unset):
            output = UNSET
        else:
            output = self.output

        project: None | str | Unset
        if isinstance(self.project, Unset):
            project = UNSET
        else:
            project = self.project

        rates: dict[str, Any] | None | Unset
        if isinstance(self.rates, Unset):
            rates = UNSET
        elif isinstance(self.rates, NewPriceRatesType0):
            rates = self.rates.to_dict()
        else:
            rates = self.rates

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

        rules: list[dict[str, Any]] | None | Unset
        if isinstance(self.rules, Unset):
            rules = UNSET
        elif isinstance(self.rules, list):
            rules = []
            for rules_type_0_item_data in self.rules:
                rules_type_0_item = rules_type_0_item_data.to_dict()
                rules.append(rules_type_0_item)

        else:
            rules = self.rules

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "model": model,
            }
        )
        if cached_input is not UNSET:
            field_dict["cached_input"] = cached_input
        if effective_from is not UNSET:
            field_dict["effective_from"] = effective_from
        if input_ is not UNSET:
            field_dict["input"] = input_
        if output is not UNSET:
            field_dict["output"] = output
        if project is not UNSET:
            field_dict["project"] = project
        if rates is not UNSET:
            field_dict["rates"] = rates
        if reasoning is not UNSET:
            field_dict["reasoning"] = reasoning
        if request is not UNSET:
            field_dict["request"] = request
        if rules is not UNSET:
            field_dict["rules"] = rules

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.new_price_rates_type_0 import NewPriceRatesType0
        from ..models.price_rule import PriceRule

        d = dict(src_dict)
        model = d.pop("model")

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

        def _parse_input_(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        input_ = _parse_input_(d.pop("input", UNSET))

        def _parse_output(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        output = _parse_output(d.pop("output", UNSET))

        def _parse_project(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        project = _parse_project(d.pop("project", UNSET))

        def _parse_rates(data: object) -> NewPriceRatesType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                rates_type_0 = NewPriceRatesType0.from_dict(data)

                return rates_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(NewPriceRatesType0 | None | Unset, data)

        rates = _parse_rates(d.pop("rates", UNSET))

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

        def _parse_rules(data: object) -> list[PriceRule] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                rules_type_0 = []
                _rules_type_0 = data
                for rules_type_0_item_data in _rules_type_0:
                    rules_type_0_item = PriceRule.from_dict(rules_type_0_item_data)

                    rules_type_0.append(rules_type_0_item)

                return rules_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[PriceRule] | None | Unset, data)

        rules = _parse_rules(d.pop("rules", UNSET))

        new_price = cls(
            model=model,
            cached_input=cached_input,
            effective_from=effective_from,
            input_=input_,
            output=output,
            project=project,
            rates=rates,
            reasoning=reasoning,
            request=request,
            rules=rules,
        )

        return new_price
