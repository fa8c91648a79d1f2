from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="Upstream")


@_attrs_define
class Upstream:
    """An OpenAI-compatible server that answers for a model."""

    url: str
    """ Up to and including `/v1`. """
    api_key_env: None | str | Unset = UNSET
    """ The environment variable of the worker that holds what the server wants as bearer token. """
    max_in_flight: int | None | Unset = UNSET
    """ Requests at once; 16 if left out. """
    model: None | str | Unset = UNSET
    """ What that server calls the model; the same if left out. """

    def to_dict(self) -> dict[str, Any]:
        url = self.url

        api_key_env: None | str | Unset
        if isinstance(self.api_key_env, Unset):
            api_key_env = UNSET
        else:
            api_key_env = self.api_key_env

        max_in_flight: int | None | Unset
        if isinstance(self.max_in_flight, Unset):
            max_in_flight = UNSET
        else:
            max_in_flight = self.max_in_flight

        model: None | str | Unset
        if isinstance(self.model, Unset):
            model = UNSET
        else:
            model = self.model

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "url": url,
            }
        )
        if api_key_env is not UNSET:
            field_dict["api_key_env"] = api_key_env
        if max_in_flight is not UNSET:
            field_dict["max_in_flight"] = max_in_flight
        if model is not UNSET:
            field_dict["model"] = model

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        url = d.pop("url")

        def _parse_api_key_env(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        api_key_env = _parse_api_key_env(d.pop("api_key_env", UNSET))

        def _parse_max_in_flight(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        max_in_flight = _parse_max_in_flight(d.pop("max_in_flight", UNSET))

        def _parse_model(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        model = _parse_model(d.pop("model", UNSET))

        upstream = cls(
            url=url,
            api_key_env=api_key_env,
            max_in_flight=max_in_flight,
            model=model,
        )

        return upstream
