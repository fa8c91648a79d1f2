from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="ChangedServingTerms")


@_attrs_define
class ChangedServingTerms:
    """What is left out stays as it is; null: as by default."""

    attempts: int | None | Unset = UNSET
    between_chunks_s: int | None | Unset = UNSET
    deadline_s: int | None | Unset = UNSET
    first_byte_s: int | None | Unset = UNSET
    retry_for_s: int | None | Unset = UNSET
    wait_for_worker_s: int | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        attempts: int | None | Unset
        if isinstance(self.attempts, Unset):
            attempts = UNSET
        else:
            attempts = self.attempts

        between_chunks_s: int | None | Unset
        if isinstance(self.between_chunks_s, Unset):
            between_chunks_s = UNSET
        else:
            between_chunks_s = self.between_chunks_s

        deadline_s: int | None | Unset
        if isinstance(self.deadline_s, Unset):
            deadline_s = UNSET
        else:
            deadline_s = self.deadline_s

        first_byte_s: int | None | Unset
        if isinstance(self.first_byte_s, Unset):
            first_byte_s = UNSET
        else:
            first_byte_s = self.first_byte_s

        retry_for_s: int | None | Unset
        if isinstance(self.retry_for_s, Unset):
            retry_for_s = UNSET
        else:
            retry_for_s = self.retry_for_s

        wait_for_worker_s: int | None | Unset
        if isinstance(self.wait_for_worker_s, Unset):
            wait_for_worker_s = UNSET
        else:
            wait_for_worker_s = self.wait_for_worker_s

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if attempts is not UNSET:
            field_dict["attempts"] = attempts
        if between_chunks_s is not UNSET:
            field_dict["between_chunks_s"] = between_chunks_s
        if deadline_s is not UNSET:
            field_dict["deadline_s"] = deadline_s
        if first_byte_s is not UNSET:
            field_dict["first_byte_s"] = first_byte_s
        if retry_for_s is not UNSET:
            field_dict["retry_for_s"] = retry_for_s
        if wait_for_worker_s is not UNSET:
            field_dict["wait_for_worker_s"] = wait_for_worker_s

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)

        def _parse_attempts(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        attempts = _parse_attempts(d.pop("attempts", UNSET))

        def _parse_between_chunks_s(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        between_chunks_s = _parse_between_chunks_s(d.pop("between_chunks_s", UNSET))

        def _parse_deadline_s(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        deadline_s = _parse_deadline_s(d.pop("deadline_s", UNSET))

        def _parse_first_byte_s(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        first_byte_s = _parse_first_byte_s(d.pop("first_byte_s", UNSET))

        def _parse_retry_for_s(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        retry_for_s = _parse_retry_for_s(d.pop("retry_for_s", UNSET))

        def _parse_wait_for_worker_s(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        wait_for_worker_s = _parse_wait_for_worker_s(d.pop("wait_for_worker_s", UNSET))

        changed_serving_terms = cls(
            attempts=attempts,
            between_chunks_s=between_chunks_s,
            deadline_s=deadline_s,
            first_byte_s=first_byte_s,
            retry_for_s=retry_for_s,
            wait_for_worker_s=wait_for_worker_s,
        )

        return changed_serving_terms
