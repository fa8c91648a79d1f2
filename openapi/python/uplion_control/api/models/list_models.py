from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.model_kind import ModelKind
from ...models.model_status import ModelStatus
from ...models.page_model import PageModel
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    kind: ModelKind | Unset = UNSET,
    status: ModelStatus | Unset = UNSET,
    after: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    at: str | Unset = UNSET,
    uplion_position: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(uplion_position, Unset):
        headers["Uplion-Position"] = uplion_position

    params: dict[str, Any] = {}

    json_kind: str | Unset = UNSET
    if not isinstance(kind, Unset):
        json_kind = kind.value

    params["kind"] = json_kind

    json_status: str | Unset = UNSET
    if not isinstance(status, Unset):
        json_status = status.value

    params["status"] = json_status

    params["after"] = after

    params["limit"] = limit

    params["at"] = at

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/models",
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> PageModel | Problem | None:
    if response.status_code == 200:
        response_200 = PageModel.from_dict(response.json())

        return response_200

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
) -> Response[PageModel | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    kind: ModelKind | Unset = UNSET,
    status: ModelStatus | Unset = UNSET,
    after: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    at: str | Unset = UNSET,
    uplion_position: str | Unset = UNSET,
) -> Response[PageModel | Problem]:
    """List models

    Args:
        kind (ModelKind | Unset): Who runs what answers for a model.
        status (ModelStatus | Unset):
        after (str | Unset):
        limit (int | Unset):
        at (str | Unset):
        uplion_position (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PageModel | Problem]
    """

    kwargs = _get_kwargs(
        kind=kind,
        status=status,
        after=after,
        limit=limit,
        at=at,
        uplion_position=uplion_position,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient,
    kind: ModelKind | Unset = UNSET,
    status: ModelStatus | Unset = UNSET,
    after: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    at: str | Unset = UNSET,
    uplion_position: str | Unset = UNSET,
) -> PageModel | Problem | None:
    """List models

    Args:
        kind (ModelKind | Unset): Who runs what answers for a model.
        status (ModelStatus | Unset):
        after (str | Unset):
        limit (int | Unset):
        at (str | Unset):
        uplion_position (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PageModel | Problem
    """

    return sync_detailed(
        client=client,
        kind=kind,
        status=status,
        after=after,
        limit=limit,
        at=at,
        uplion_position=uplion_position,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    kind: ModelKind | Unset = UNSET,
    status: ModelStatus | Unset = UNSET,
    after: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    at: str | Unset = UNSET,
    uplion_position: str | Unset = UNSET,
) -> Response[PageModel | Problem]:
    """List models

    Args:
        kind (ModelKind | Unset): Who runs what answers for a model.
        status (ModelStatus | Unset):
        after (str | Unset):
        limit (int | Unset):
        at (str | Unset):
        uplion_position (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PageModel | Problem]
    """

    kwargs = _get_kwargs(
        kind=kind,
        status=status,
        after=after,
        limit=limit,
        at=at,
        uplion_position=uplion_position,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient,
    kind: ModelKind | Unset = UNSET,
    status: ModelStatus | Unset = UNSET,
    after: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    at: str | Unset = UNSET,
    uplion_position: str | Unset = UNSET,
) -> PageModel | Problem | None:
    """List models

    Args:
        kind (ModelKind | Unset): Who runs what answers for a model.
        status (ModelStatus | Unset):
        after (str | Unset):
        limit (int | Unset):
        at (str | Unset):
        uplion_position (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PageModel | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            kind=kind,
            status=status,
            after=after,
            limit=limit,
            at=at,
            uplion_position=uplion_position,
        )
    ).parsed
