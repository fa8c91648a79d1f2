from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="ServingTerms")


@_attrs_define
class ServingTerms:
    """How a model's requests are served. What is null or left out is as by default."""

    attempts: int | None | Unset = UNSET
    """ Calls of upstreams for one request: 1 to 20; by default 3. """
    between_chunks_s: int | None | Unset = UNSET
    """ Seconds that an upstream may say nothing once it has begun: 1 to 3600; by default 300. """
    deadline_s: int | None | Unset = UNSET
    """ Seconds from admission to the end of the answer: 1 to 3600; by default 600. """
    first_byte_s: int | None | Unset = UNSET
    """ Seconds that an upstream may say nothing before its first byte, after which another one is tried: 1 to 3600;
    by default as long as the deadline. An answer that is not streamed has its first byte when it is whole. """
    retry_for_s: int | None | Unset = UNSET
    """ Seconds in which another upstream may be tried, beside the time that upstreams themselves take: 0 to 3600;
    by default 10. """
    wait_for_worker_s: int | None | Unset = UNSET
    """ Seconds that a request waits for a worker while none serves the model: 0 to 3600; by default 0, and it is
    answered 503 at once. """

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

        serving_terms = cls(
            attempts=attempts,
            between_chunks_s=between_chunks_s,
            deadline_s=deadline_s,
            first_byte_s=first_byte_s,
            retry_for_s=retry_for_s,
            wait_for_worker_s=wait_for_worker_s,
        )

        return serving_terms
