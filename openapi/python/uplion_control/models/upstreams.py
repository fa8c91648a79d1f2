from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.upstream import Upstream


T = TypeVar("T", bound="Upstreams")


@_attrs_define
class Upstreams:
    upstreams: list[Upstream]
    """ These answer from now on, and no others. """

    def to_dict(self) -> dict[str, Any]:
        upstreams = []
        for upstreams_item_data in self.upstreams:
            upstreams_item = upstreams_item_data.to_dict()
            upstreams.append(upstreams_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "upstreams": upstreams,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.upstream import Upstream

        d = dict(src_dict)
        upstreams = []
        _upstreams = d.pop("upstreams")
        for upstreams_item_data in _upstreams:
            upstreams_item = Upstream.from_dict(upstreams_item_data)

            upstreams.append(upstreams_item)

        upstreams = cls(
            upstreams=upstreams,
        )

        return upstreams
