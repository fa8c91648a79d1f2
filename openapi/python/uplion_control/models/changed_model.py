from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.model_kind import ModelKind
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.changed_serving_terms import ChangedServingTerms
    from ..models.upstream import Upstream


T = TypeVar("T", bound="ChangedModel")


@_attrs_define
class ChangedModel:
    """What is left out stays as it is."""

    aliases: list[str] | None | Unset = UNSET
    """ All its other names from now on. """
    kind: ModelKind | None | Unset = UNSET
    max_processes: int | None | Unset = UNSET
    """ Null: as many as there are. """
    operations: list[str] | None | Unset = UNSET
    """ What it is for from now on; null: everything is tried. """
    terms: ChangedServingTerms | None | Unset = UNSET
    """ How its requests are served. """
    upstreams: list[Upstream] | None | Unset = UNSET
    """ These answer from now on, and no others. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.changed_serving_terms import ChangedServingTerms

        aliases: list[str] | None | Unset
        if isinstance(self.aliases, Unset):
            aliases = UNSET
        elif isinstance(self.aliases, list):
            aliases = self.aliases

        else:
            aliases = self.aliases

        kind: None | str | Unset
        if isinstance(self.kind, Unset):
            kind = UNSET
        elif isinstance(self.kind, ModelKind):
            kind = self.kind.value
        else:
            kind = self.kind

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

        terms: dict[str, Any] | None | Unset
        if isinstance(self.terms, Unset):
            terms = UNSET
        elif isinstance(self.terms, ChangedServingTerms):
            terms = self.terms.to_dict()
        else:
            terms = self.terms

        upstreams: list[dict[str, Any]] | None | Unset
        if isinstance(self.upstreams, Unset):
            upstreams = UNSET
        elif isinstance(self.upstreams, list):
            upstreams = []
            for upstreams_type_0_item_data in self.upstreams:
                upstreams_type_0_item = upstreams_type_0_item_data.to_dict()
                upstreams.append(upstreams_type_0_item)

        else:
            upstreams = self.upstreams

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if aliases is not UNSET:
            field_dict["aliases"] = aliases
        if kind is not UNSET:
            field_dict["kind"] = kind
        if max_processes is not UNSET:
            field_dict["max_processes"] = max_processes
        if operations is not UNSET:
            field_dict["operations"] = operations
        if terms is not UNSET:
            field_dict["terms"] = terms
        if upstreams is not UNSET:
            field_dict["upstreams"] = upstreams

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.changed_serving_terms import ChangedServingTerms
        from ..models.upstream import Upstream

        d = dict(src_dict)

        def _parse_aliases(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                aliases_type_0 = cast(list[str], data)

                return aliases_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        aliases = _parse_aliases(d.pop("aliases", UNSET))

        def _parse_kind(data: object) -> ModelKind | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                kind_type_1 = ModelKind(data)

                return kind_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ModelKind | None | Unset, data)

        kind = _parse_kind(d.pop("kind", UNSET))

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

        def _parse_terms(data: object) -> ChangedServingTerms | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                terms_type_1 = ChangedServingTerms.from_dict(data)

                return terms_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ChangedServingTerms | None | Unset, data)

        terms = _parse_terms(d.pop("terms", UNSET))

        def _parse_upstreams(data: object) -> list[Upstream] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                upstreams_type_0 = []
                _upstreams_type_0 = data
                for upstreams_type_0_item_data in _upstreams_type_0:
                    upstreams_type_0_item = Upstream.from_dict(
                        upstreams_type_0_item_data
                    )

                    upstreams_type_0.append(upstreams_type_0_item)

                return upstreams_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[Upstream] | None | Unset, data)

        upstreams = _parse_upstreams(d.pop("upstreams", UNSET))

        changed_model = cls(
            aliases=aliases,
            kind=kind,
            max_processes=max_processes,
            operations=operations,
            terms=terms,
            upstreams=upstreams,
        )

        return changed_model
