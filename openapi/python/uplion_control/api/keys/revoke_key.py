from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.written import Written
from ...types import UNSET, Response, Unset


def _get_kwargs(
    key: str,
    *,
    if_match: str | Unset = UNSET,
    idempotency_key: str | Unset = UNSET,
    uplion_reason: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_match, Unset):
        headers["If-Match"] = if_match

    if not isinstance(idempotency_key, Unset):
        headers["Idempotency-Key"] = idempotency_key

    if not isinstance(uplion_reason, Unset):
        headers["Uplion-Reason"] = uplion_reason

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/keys/{key}/revoke".format(
            key=quote(str(key), safe=""),
        ),
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | Written | None:
    if response.status_code == 200:
        response_200 = Written.from_dict(response.json())

        return response_200

    if response.status_code == 201:
        response_201 = Written.from_dict(response.json())

        return response_201

    if response.status_code == 202:
        response_202 = Written.from_dict(response.json())

        return response_202

    if response.status_code == 400:
        response_400 = Problem.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Problem.from_dict(response.json())

        return response_401

    if response.status_code == 403:
        response_403 = Problem.from_dict(response.json())

        return response_403

    if response.status_code == 404:
        response_404 = Problem.from_dict(response.json())

        return response_404

    if response.status_code == 405:
        response_405 = Problem.from_dict(response.json())

        return response_405

    if response.status_code == 408:
        response_408 = Problem.from_dict(response.json())

        return response_408

    if response.status_code == 409:
        response_409 = Problem.from_dict(response.json())

        return response_409

    if response.status_code == 412:
        response_412 = Problem.from_dict(response.json())

        return response_412

    if response.status_code == 413:
        response_413 = Problem.from_dict(response.json())

        return response_413

    if response.status_code == 415:
        response_415 = Problem.from_dict(response.json())

        return response_415

    if response.status_code == 422:
        response_422 = Problem.from_dict(response.json())

        return response_422

    if response.status_code == 429:
        response_429 = Problem.from_dict(response.json())

        return response_429

    if response.status_code == 500:
        response_500 = Problem.from_dict(response.json())

        return response_500

    if response.status_code == 503:
        response_503 = Problem.from_dict(response.json())

        return response_503

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | Written]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    key: str,
    *,
    client: AuthenticatedClient,
    if_match: str | Unset = UNSET,
    idempotency_key: str | Unset = UNSET,
    uplion_reason: str | Unset = UNSET,
) -> Response[Problem | Written]:
    """Revoke an API key

     For ever. It is rejected everywhere within 100 ms of a 200.

    Args:
        key (str):
        if_match (str | Unset):
        idempotency_key (str | Unset):
        uplion_reason (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Written]
    """

    kwargs = _get_kwargs(
        key=key,
        if_match=if_match,
        idempotency_key=idempotency_key,
        uplion_reason=uplion_reason,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    key: str,
    *,
    client: AuthenticatedClient,
    if_match: str | Unset = UNSET,
    idempotency_key: str | Unset = UNSET,
    uplion_reason: str | Unset = UNSET,
) -> Problem | Written | None:
    """Revoke an API key

     For ever. It is rejected everywhere within 100 ms of a 200.

    Args:
        key (str):
        if_match (str | Unset):
        idempotency_key (str | Unset):
        uplion_reason (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Written
    """

    return sync_detailed(
        key=key,
        client=client,
        if_match=if_match,
        idempotency_key=idempotency_key,
        uplion_reason=uplion_reason,
    ).parsed


async def asyncio_detailed(
    key: str,
    *,
    client: AuthenticatedClient,
    if_match: str | Unset = UNSET,
    idempotency_key: str | Unset = UNSET,
    uplion_reason: str | Unset = UNSET,
) -> Response[Problem | Written]:
    """Revoke an API key

     For ever. It is rejected everywhere within 100 ms of a 200.

    Args:
        key (str):
        if_match (str | Unset):
        idempotency_key (str | Unset):
        uplion_reason (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | Written]
    """

    kwargs = _get_kwargs(
        key=key,
        if_match=if_match,
        idempotency_key=idempotency_key,
        uplion_reason=uplion_reason,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    key: str,
    *,
    client: AuthenticatedClient,
    if_match: str | Unset = UNSET,
    idempotency_key: str | Unset = UNSET,
    uplion_reason: str | Unset = UNSET,
) -> Problem | Written | None:
    """Revoke an API key

     For ever. It is rejected everywhere within 100 ms of a 200.

    Args:
        key (str):
        if_match (str | Unset):
        idempotency_key (str | Unset):
        uplion_reason (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Problem | Written
    """

    return (
        await asyncio_detailed(
            key=key,
            client=client,
            if_match=if_match,
            idempotency_key=idempotency_key,
            uplion_reason=uplion_reason,
        )
    ).parsed
