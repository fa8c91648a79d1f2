from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="PriceCondition")


@_attrs_define
class PriceCondition:
    """What a rule asks of a request. What is left out is not asked."""

    context_above: int | None | Unset = UNSET
    """ More tokens of prompt than this. """
    from_: None | str | Unset = UNSET
    """ Admitted at this time of day or later, in the installation's time zone: `22:00`. """
    operation: None | str | Unset = UNSET
    """ `chat_completion`, `embedding`, ... """
    service_tier: None | str | Unset = UNSET
    """ In which the upstream served it. """
    until: None | str | Unset = UNSET
    """ And before this one; over midnight if it is not after `from`. """

    def to_dict(self) -> dict[str, Any]:
        context_above: int | None | Unset
        if isinstance(self.context_above, Unset):
            context_above = UNSET
        else:
            context_above = self.context_above

        from_: None | str | Unset
        if isinstance(self.from_, Unset):
            from_ = UNSET
        else:
            from_ = self.from_

        operation: None | str | Unset
        if isinstance(self.operation, Unset):
            operation = UNSET
        else:
            operation = self.operation

        service_tier: None | str | Unset
        if isinstance(self.service_tier, Unset):
            service_tier = UNSET
        else:
            service_tier = self.service_tier

        until: None | str | Unset
        if isinstance(self.until, Unset):
            until = UNSET
        else:
            until = self.until

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if context_above is not UNSET:
            field_dict["context_above"] = context_above
        if from_ is not UNSET:
            field_dict["from"] = from_
        if operation is not UNSET:
            field_dict["operation"] = operation
        if service_tier is not UNSET:
            field_dict["service_tier"] = service_tier
        if until is not UNSET:
            field_dict["until"] = until

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)

        def _parse_context_above(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        context_above = _parse_context_above(d.pop("context_above", UNSET))

        def _parse_from_(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        from_ = _parse_from_(d.pop("from", UNSET))

        def _parse_operation(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        operation = _parse_operation(d.pop("operation", UNSET))

        def _parse_service_tier(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        service_tier = _parse_service_tier(d.pop("service_tier", UNSET))

        def _parse_until(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        until = _parse_until(d.pop("until", UNSET))

        price_condition = cls(
            context_above=context_above,
            from_=from_,
            operation=operation,
            service_tier=service_tier,
            until=until,
        )

        return price_condition
