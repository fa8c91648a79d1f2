from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.request_attempt_units_type_0 import RequestAttemptUnitsType0


T = TypeVar("T", bound="RequestAttempt")


@_attrs_define
class RequestAttempt:
    """One call to an upstream."""

    outcome: str
    """ `completed`, `failed`, `cancelled`, `unknown`, ... """
    worker: str
    units: None | RequestAttemptUnitsType0 | Unset = UNSET
    """ By unit, as the upstream reported it. Null: it did not say, which is not nothing. """
    upstream: None | str | Unset = UNSET
    """ Told to administrators and auditors. Null if the model's workers bring their own, or the worker vanished.
    """
    upstream_request_id: None | str | Unset = UNSET
    """ The upstream's own name for it: what a provider's bill can be compared by. Told to administrators and
    auditors. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.request_attempt_units_type_0 import RequestAttemptUnitsType0

        outcome = self.outcome

        worker = self.worker

        units: dict[str, Any] | None | Unset
        if isinstance(self.units, Unset):
            units = UNSET
        elif isinstance(self.units, RequestAttemptUnitsType0):
            units = self.units.to_dict()
        else:
            units = self.units

        upstream: None | str | Unset
        if isinstance(self.upstream, Unset):
            upstream = UNSET
        else:
            upstream = self.upstream

        upstream_request_id: None | str | Unset
        if isinstance(self.upstream_request_id, Unset):
            upstream_request_id = UNSET
        else:
            upstream_request_id = self.upstream_request_id

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "outcome": outcome,
                "worker": worker,
            }
        )
        if units is not UNSET:
            field_dict["units"] = units
        if upstream is not UNSET:
            field_dict["upstream"] = upstream
        if upstream_request_id is not UNSET:
            field_dict["upstream_request_id"] = upstream_request_id

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.request_attempt_units_type_0 import RequestAttemptUnitsType0

        d = dict(src_dict)
        outcome = d.pop("outcome")

        worker = d.pop("worker")

        def _parse_units(data: object) -> None | RequestAttemptUnitsType0 | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                units_type_0 = RequestAttemptUnitsType0.from_dict(data)

                return units_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | RequestAttemptUnitsType0 | Unset, data)

        units = _parse_units(d.pop("units", UNSET))

        def _parse_upstream(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        upstream = _parse_upstream(d.pop("upstream", UNSET))

        def _parse_upstream_request_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        upstream_request_id = _parse_upstream_request_id(
            d.pop("upstream_request_id", UNSET)
        )

        request_attempt = cls(
            outcome=outcome,
            worker=worker,
            units=units,
            upstream=upstream,
            upstream_request_id=upstream_request_id,
        )

        request_attempt.additional_properties = d
        return request_attempt

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
