from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.charge_rates_type_0 import ChargeRatesType0
    from ..models.charge_reported_units_type_0 import ChargeReportedUnitsType0
    from ..models.charge_units import ChargeUnits


T = TypeVar("T", bound="Charge")


@_attrs_define
class Charge:
    """What a request was charged: its usage, at the rates that were in force when it was admitted."""

    cached_tokens: int
    """ A part of the prompt's. """
    charge: str
    """ Exact. """
    completion_tokens: int
    currency: str
    """ Of the installation, which charge and rates are in. """
    marks: list[str]
    """ Why a person should look at it, none for nearly all: `beyond_asked`, `beyond_body` and `beyond_model` say
    that
    less was charged than was reported; `wrong_charge`, `wrong_rates` and `wrong_usage` that it does not follow from
    what the request was accepted under. """
    outcome: str
    """ `completed`, `cancelled` or `failed`. """
    project: str
    prompt_tokens: int
    reasoning_tokens: int
    """ A part of the completion's. """
    request: str
    units: ChargeUnits
    """ What was charged, by unit: no token is in two of them. """
    usage_source: str
    """ How it was come by: `reported` by the upstream or `counted`. """
    key: None | str | Unset = UNSET
    key_name: None | str | Unset = UNSET
    model: None | str | Unset = UNSET
    operation: None | str | Unset = UNSET
    """ `chat_completion`, `embedding`, ... """
    price: None | str | Unset = UNSET
    """ The price that they are of. """
    project_name: None | str | Unset = UNSET
    rates: ChargeRatesType0 | None | Unset = UNSET
    """ By unit. """
    reported_units: ChargeReportedUnitsType0 | None | Unset = UNSET
    """ What the upstream reported, by unit, if less was charged. """
    reversed_at: datetime.datetime | None | Unset = UNSET
    """ When it was taken back, because the client was told of an error after all: the charge is nothing then. """
    settled_at: datetime.datetime | None | Unset = UNSET
    usage_dialect: None | str | Unset = UNSET
    """ In whose words it was reported, if not in OpenAI's: `input_output`, `x_groq`, ... """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.charge_rates_type_0 import ChargeRatesType0
        from ..models.charge_reported_units_type_0 import ChargeReportedUnitsType0

        cached_tokens = self.cached_tokens

        charge = self.charge

        completion_tokens = self.completion_tokens

        currency = self.currency

        marks = self.marks

        outcome = self.outcome

        project = self.project

        prompt_tokens = self.prompt_tokens

        reasoning_tokens = self.reasoning_tokens

        request = self.request

        units = self.units.to_dict()

        usage_source = self.usage_source

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

        price: None | str | Unset
        if isinstance(self.price, Unset):
            price = UNSET
        else:
            price = self.price

        project_name: None | str | Unset
        if isinstance(self.project_name, Unset):
            project_name = UNSET
        else:
            project_name = self.project_name

        rates: dict[str, Any] | None | Unset
        if isinstance(self.rates, Unset):
            rates = UNSET
        elif isinstance(self.rates, ChargeRatesType0):
            rates = self.rates.to_dict()
        else:
            rates = self.rates

        reported_units: dict[str, Any] | None | Unset
        if isinstance(self.reported_units, Unset):
            reported_units = UNSET
        elif isinstance(self.reported_units, ChargeReportedUnitsType0):
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

        usage_dialect: None | str | Unset
        if isinstance(self.usage_dialect, Unset):
            usage_dialect = UNSET
        else:
            usage_dialect = self.usage_dialect

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "cached_tokens": cached_tokens,
                "charge": charge,
                "completion_tokens": completion_tokens,
                "currency": currency,
                "marks": marks,
                "outcome": outcome,
                "project": project,
                "prompt_tokens": prompt_tokens,
                "reasoning_tokens": reasoning_tokens,
                "request": request,
                "units": units,
                "usage_source": usage_source,
            }
        )
        if key is not UNSET:
            field_dict["key"] = key
        if key_name is not UNSET:
            field_dict["key_name"] = key_name
        if model is not UNSET:
            field_dict["model"] = model
        if operation is not UNSET:
            field_dict["operation"] = operation
        if price is not UNSET:
            field_dict["price"] = price
        if project_name is not UNSET:
            field_dict["project_name"] = project_name
        if rates is not UNSET:
            field_dict["rates"] = rates
        if reported_units is not UNSET:
            field_dict["reported_units"] = reported_units
        if reversed_at is not UNSET:
            field_dict["reversed_at"] = reversed_at
        if settled_at is not UNSET:
            field_dict["settled_at"] = settled_at
        if usage_dialect is not UNSET:
            field_dict["usage_dialect"] = usage_dialect

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.charge_rates_type_0 import ChargeRatesType0
        from ..models.charge_reported_units_type_0 import ChargeReportedUnitsType0
        from ..models.charge_units import ChargeUnits

        d = dict(src_dict)
        cached_tokens = d.pop("cached_tokens")

        charge = d.pop("charge")

        completion_tokens = d.pop("completion_tokens")

        currency = d.pop("currency")

        marks = cast(list[str], d.pop("marks"))

        outcome = d.pop("outcome")

        project = d.pop("project")

        prompt_tokens = d.pop("prompt_tokens")

        reasoning_tokens = d.pop("reasoning_tokens")

        request = d.pop("request")

        units = ChargeUnits.from_dict(d.pop("units"))

        usage_source = d.pop("usage_source")

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

        def _parse_price(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        price = _parse_price(d.pop("price", UNSET))

        def _parse_project_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        project_name = _parse_project_name(d.pop("project_name", UNSET))

        def _parse_rates(data: object) -> ChargeRatesType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                rates_type_0 = ChargeRatesType0.from_dict(data)

                return rates_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ChargeRatesType0 | None | Unset, data)

        rates = _parse_rates(d.pop("rates", UNSET))

        def _parse_reported_units(
            data: object,
        ) -> ChargeReportedUnitsType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                reported_units_type_0 = ChargeReportedUnitsType0.from_dict(data)

                return reported_units_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ChargeReportedUnitsType0 | None | Unset, data)

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

        def _parse_usage_dialect(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        usage_dialect = _parse_usage_dialect(d.pop("usage_dialect", UNSET))

        charge = cls(
            cached_tokens=cached_tokens,
            charge=charge,
            completion_tokens=completion_tokens,
            currency=currency,
            marks=marks,
            outcome=outcome,
            project=project,
            prompt_tokens=prompt_tokens,
            reasoning_tokens=reasoning_tokens,
            request=request,
            units=units,
            usage_source=usage_source,
            key=key,
            key_name=key_name,
            model=model,
            operation=operation,
            price=price,
            project_name=project_name,
            rates=rates,
            reported_units=reported_units,
            reversed_at=reversed_at,
            settled_at=settled_at,
            usage_dialect=usage_dialect,
        )

        charge.additional_properties = d
        return charge

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
