from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.upstream import Upstream


T = TypeVar("T", bound="NewModel")


@_attrs_define
class NewModel:
    name: str
    """ What clients call it: never used again, also not after the model is retired. """
    aliases: list[str] | None | Unset = UNSET
    """ Other names that lead to it. """
    upstreams: list[Upstream] | None | Unset = UNSET
    """ None: served by workers that bring their own. """

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        aliases: list[str] | None | Unset
        if isinstance(self.aliases, Unset):
            aliases = UNSET
        elif isinstance(self.aliases, list):
            aliases = self.aliases

        else:
            aliases = self.aliases

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

        field_dict.update(
            {
                "name": name,
            }
        )
        if aliases is not UNSET:
            field_dict["aliases"] = aliases
        if upstreams is not UNSET:
            field_dict["upstreams"] = upstreams

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.upstream import Upstream

        d = dict(src_dict)
        name = d.pop("name")

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

        new_model = cls(
            name=name,
            aliases=aliases,
            upstreams=upstreams,
        )

        return new_model
