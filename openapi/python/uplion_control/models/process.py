from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.process_role import ProcessRole
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.worker_presence import WorkerPresence


T = TypeVar("T", bound="Process")


@_attrs_define
class Process:
    """A process of the installation that is there."""

    id: str
    leaving: bool
    """ It takes nothing new and is about to go. """
    role: ProcessRole
    version: str
    """ Of its software. """
    hindrance: None | str | Unset = UNSET
    """ What keeps it from its work, in a sentence. """
    worker: None | Unset | WorkerPresence = UNSET
    """ Of a worker. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.worker_presence import WorkerPresence

        id = self.id

        leaving = self.leaving

        role = self.role.value

        version = self.version

        hindrance: None | str | Unset
        if isinstance(self.hindrance, Unset):
            hindrance = UNSET
        else:
            hindrance = self.hindrance

        worker: dict[str, Any] | None | Unset
        if isinstance(self.worker, Unset):
            worker = UNSET
        elif isinstance(self.worker, WorkerPresence):
            worker = self.worker.to_dict()
        else:
            worker = self.worker

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "leaving": leaving,
                "role": role,
                "version": version,
            }
        )
        if hindrance is not UNSET:
            field_dict["hindrance"] = hindrance
        if worker is not UNSET:
            field_dict["worker"] = worker

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.worker_presence import WorkerPresence

        d = dict(src_dict)
        id = d.pop("id")

        leaving = d.pop("leaving")

        role = ProcessRole(d.pop("role"))

        version = d.pop("version")

        def _parse_hindrance(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        hindrance = _parse_hindrance(d.pop("hindrance", UNSET))

        def _parse_worker(data: object) -> None | Unset | WorkerPresence:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                worker_type_1 = WorkerPresence.from_dict(data)

                return worker_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Unset | WorkerPresence, data)

        worker = _parse_worker(d.pop("worker", UNSET))

        process = cls(
            id=id,
            leaving=leaving,
            role=role,
            version=version,
            hindrance=hindrance,
            worker=worker,
        )

        process.additional_properties = d
        return process

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
