from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.stream_options import StreamOptions
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.secret_key import SecretKey


T = TypeVar("T", bound="Upstream")


@_attrs_define
class Upstream:
    """An OpenAI-compatible server that answers for a model."""

    url: str
    """ Up to and including `/v1`. """
    api_key_env: None | str | Unset = UNSET
    """ The environment variable of the worker that holds what the server wants as bearer token. """
    api_key_secret: None | SecretKey | Unset = UNSET
    """ Or the Kubernetes Secret that holds it, mounted in the worker. """
    id: None | str | Unset = UNSET
    """ Follows from its URL and its name for the model; whatever stands here in a command is ignored. """
    max_in_flight: int | None | Unset = UNSET
    """ Requests at once; 16 if left out. """
    model: None | str | Unset = UNSET
    """ What that server calls the model; the same if left out. """
    stream_options: None | StreamOptions | Unset = UNSET
    """ Whether it is asked for the usage of its streams; `auto` if left out. """
    weight: int | None | Unset = UNSET
    """ Its share of the requests, beside the model's other upstreams that have room for one: 1 to 1000; 1 if left
    out. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.secret_key import SecretKey

        url = self.url

        api_key_env: None | str | Unset
        if isinstance(self.api_key_env, Unset):
            api_key_env = UNSET
        else:
            api_key_env = self.api_key_env

        api_key_secret: dict[str, Any] | None | Unset
        if isinstance(self.api_key_secret, Unset):
            api_key_secret = UNSET
        elif isinstance(self.api_key_secret, SecretKey):
            api_key_secret = self.api_key_secret.to_dict()
        else:
            api_key_secret = self.api_key_secret

        id: None | str | Unset
        if isinstance(self.id, Unset):
            id = UNSET
        else:
            id = self.id

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

        stream_options: None | str | Unset
        if isinstance(self.stream_options, Unset):
            stream_options = UNSET
        elif isinstance(self.stream_options, StreamOptions):
            stream_options = self.stream_options.value
        else:
            stream_options = self.stream_options

        weight: int | None | Unset
        if isinstance(self.weight, Unset):
            weight = UNSET
        else:
            weight = self.weight

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "url": url,
            }
        )
        if api_key_env is not UNSET:
            field_dict["api_key_env"] = api_key_env
        if api_key_secret is not UNSET:
            field_dict["api_key_secret"] = api_key_secret
        if id is not UNSET:
            field_dict["id"] = id
        if max_in_flight is not UNSET:
            field_dict["max_in_flight"] = max_in_flight
        if model is not UNSET:
            field_dict["model"] = model
        if stream_options is not UNSET:
            field_dict["stream_options"] = stream_options
        if weight is not UNSET:
            field_dict["weight"] = weight

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.secret_key import SecretKey

        d = dict(src_dict)
        url = d.pop("url")

        def _parse_api_key_env(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        api_key_env = _parse_api_key_env(d.pop("api_key_env", UNSET))

        def _parse_api_key_secret(data: object) -> None | SecretKey | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                api_key_secret_type_1 = SecretKey.from_dict(data)

                return api_key_secret_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | SecretKey | Unset, data)

        api_key_secret = _parse_api_key_secret(d.pop("api_key_secret", UNSET))

        def _parse_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        id = _parse_id(d.pop("id", UNSET))

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

        def _parse_stream_options(data: object) -> None | StreamOptions | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                stream_options_type_1 = StreamOptions(data)

                return stream_options_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | StreamOptions | Unset, data)

        stream_options = _parse_stream_options(d.pop("stream_options", UNSET))

        def _parse_weight(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        weight = _parse_weight(d.pop("weight", UNSET))

        upstream = cls(
            url=url,
            api_key_env=api_key_env,
            api_key_secret=api_key_secret,
            id=id,
            max_in_flight=max_in_flight,
            model=model,
            stream_options=stream_options,
            weight=weight,
        )

        return upstream
