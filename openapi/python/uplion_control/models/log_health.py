from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.archive_health import ArchiveHealth
    from ..models.database_health import DatabaseHealth
    from ..models.process import Process
    from ..models.projection_health import ProjectionHealth
    from ..models.relay_health import RelayHealth
    from ..models.storage_health import StorageHealth
    from ..models.stream_health import StreamHealth


T = TypeVar("T", bound="LogHealth")


@_attrs_define
class LogHealth:
    archive: ArchiveHealth
    database: DatabaseHealth
    now: str
    """ By control's clock. """
    projections: list[ProjectionHealth]
    relay: RelayHealth
    storage: StorageHealth
    """ Where the streams are kept. Null in what cannot be told. """
    streams: list[StreamHealth]
    version: str
    """ Of control. """
    processes: list[Process] | None | Unset = UNSET
    """ Who is there; null while that is not known. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        archive = self.archive.to_dict()

        database = self.database.to_dict()

        now = self.now

        projections = []
        for projections_item_data in self.projections:
            projections_item = projections_item_data.to_dict()
            projections.append(projections_item)

        relay = self.relay.to_dict()

        storage = self.storage.to_dict()

        streams = []
        for streams_item_data in self.streams:
            streams_item = streams_item_data.to_dict()
            streams.append(streams_item)

        version = self.version

        processes: list[dict[str, Any]] | None | Unset
        if isinstance(self.processes, Unset):
            processes = UNSET
        elif isinstance(self.processes, list):
            processes = []
            for processes_type_0_item_data in self.processes:
                processes_type_0_item = processes_type_0_item_data.to_dict()
                processes.append(processes_type_0_item)

        else:
            processes = self.processes

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "archive": archive,
                "database": database,
                "now": now,
                "projections": projections,
                "relay": relay,
                "storage": storage,
                "streams": streams,
                "version": version,
            }
        )
        if processes is not UNSET:
            field_dict["processes"] = processes

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.archive_health import ArchiveHealth
        from ..models.database_health import DatabaseHealth
        from ..models.process import Process
        from ..models.projection_health import ProjectionHealth
        from ..models.relay_health import RelayHealth
        from ..models.storage_health import StorageHealth
        from ..models.stream_health import StreamHealth

        d = dict(src_dict)
        archive = ArchiveHealth.from_dict(d.pop("archive"))

        database = DatabaseHealth.from_dict(d.pop("database"))

        now = d.pop("now")

        projections = []
        _projections = d.pop("projections")
        for projections_item_data in _projections:
            projections_item = ProjectionHealth.from_dict(projections_item_data)

            projections.append(projections_item)

        relay = RelayHealth.from_dict(d.pop("relay"))

        storage = StorageHealth.from_dict(d.pop("storage"))

        streams = []
        _streams = d.pop("streams")
        for streams_item_data in _streams:
            streams_item = StreamHealth.from_dict(streams_item_data)

            streams.append(streams_item)

        version = d.pop("version")

        def _parse_processes(data: object) -> list[Process] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                processes_type_0 = []
                _processes_type_0 = data
                for processes_type_0_item_data in _processes_type_0:
                    processes_type_0_item = Process.from_dict(
                        processes_type_0_item_data
                    )

                    processes_type_0.append(processes_type_0_item)

                return processes_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[Process] | None | Unset, data)

        processes = _parse_processes(d.pop("processes", UNSET))

        log_health = cls(
            archive=archive,
            database=database,
            now=now,
            projections=projections,
            relay=relay,
            storage=storage,
            streams=streams,
            version=version,
            processes=processes,
        )

        log_health.additional_properties = d
        return log_health

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
