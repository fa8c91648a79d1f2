from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.model_kind import ModelKind
from ..models.model_status import ModelStatus
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.serving_terms import ServingTerms
    from ..models.upstream import Upstream


T = TypeVar("T", bound="Model")


@_attrs_define
class Model:
    """A model that clients can name."""

    aliases: list[str]
    kind: ModelKind
    """ Who runs what answers for a model. """
    name: str
    registered_at: datetime.datetime
    status: ModelStatus
    terms: ServingTerms
    """ How a model's requests are served. What is null or left out is as by default. """
    upstreams: list[Upstream]
    """ Told to administrators and auditors; none to others. """
    max_processes: int | None | Unset = UNSET
    """ Null: as many as there are. """
    operations: list[str] | None | Unset = UNSET
    """ What it is for: `chat_completion`, `embedding`, ... Null: that was not said, and everything is tried. """
    retired_at: datetime.datetime | None | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        aliases = self.aliases

        kind = self.kind.value

        name = self.name

        registered_at = self.registered_at.isoformat()

        status = self.status.value

        terms = self.terms.to_dict()

        upstreams = []
        for upstreams_item_data in self.upstreams:
            upstreams_item = upstreams_item_data.to_dict()
            upstreams.append(upstreams_item)

        max_processes: int | None | Unset
        if isinstance(self.max_processes, Unset):
            max_processes = UNSET
        else:
            max_processes = self.max_processes

        operations: list[str] | None | Unset
        if isinstance(self.operations, Unset):
            operations = UNSET
        elif isinstance(self.operations, list):
            operations = self.operations

        else:
            operations = self.operations

        retired_at: None | str | Unset
        if isinstance(self.retired_at, Unset):
            retired_at = UNSET
        elif isinstance(self.retired_at, datetime.datetime):
            retired_at = self.retired_at.isoformat()
        else:
            retired_at = self.retired_at

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "aliases": aliases,
                "kind": kind,
                "name": name,
                "registered_at": registered_at,
                "status": status,
                "terms": terms,
                "upstreams": upstreams,
            }
        )
        if max_processes is not UNSET:
            field_dict["max_processes"] = max_processes
        if operations is not UNSET:
            field_dict["operations"] = operations
        if retired_at is not UNSET:
            field_dict["retired_at"] = retired_at

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.serving_terms import ServingTerms
        from ..models.upstream import Upstream

        d = dict(src_dict)
        aliases = cast(list[str], d.pop("aliases"))

        kind = ModelKind(d.pop("kind"))

        name = d.pop("name")

        registered_at = datetime.datetime.fromisoformat(d.pop("registered_at"))

        status = ModelStatus(d.pop("status"))

        terms = ServingTerms.from_dict(d.pop("terms"))

        upstreams = []
        _upstreams = d.pop("upstreams")
        for upstreams_item_data in _upstreams:
            upstreams_item = Upstream.from_dict(upstreams_item_data)

            upstreams.append(upstreams_item)

        def _parse_max_processes(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_processes = _parse_max_processes(d.pop("max_processes", UNSET))

        def _parse_operations(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                operations_type_0 = cast(list[str], data)

                return operations_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        operations = _parse_operations(d.pop("operations", UNSET))

        def _parse_retired_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                retired_at_type_0 = datetime.datetime.fromisoformat(data)

                return retired_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        retired_at = _parse_retired_at(d.pop("retired_at", UNSET))

        model = cls(
            aliases=aliases,
            kind=kind,
            name=name,
            registered_at=registered_at,
            status=status,
            terms=terms,
            upstreams=upstreams,
            max_processes=max_processes,
            operations=operations,
            retired_at=retired_at,
        )

        model.additional_properties = d
        return model

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
