import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.page_charge import PageCharge
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _get_kwargs(
    *,
    project: str | Unset = UNSET,
    key: str | Unset = UNSET,
    model: str | Unset = UNSET,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    marked: bool | Unset = UNSET,
    after: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    at: str | Unset = UNSET,
    uplion_position: str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(uplion_position, Unset):
        headers["Uplion-Position"] = uplion_position

    params: dict[str, Any] = {}

    params["project"] = project

    params["key"] = key

    params["model"] = model

    json_from_: str | Unset = UNSET
    if not isinstance(from_, Unset):
        json_from_ = from_.isoformat()
    params["from"] = json_from_

    json_to: str | Unset = UNSET
    if not isinstance(to, Unset):
        json_to = to.isoformat()
    params["to"] = json_to

    params["marked"] = marked

    params["after"] = after

    params["limit"] = limit

    params["at"] = at

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/charges",
        "params": params,
    }

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> PageCharge | Problem | None:
    if response.status_code == 200:
        response_200 = PageCharge.from_dict(response.json())

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
) -> Response[PageCharge | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    project: str | Unset = UNSET,
    key: str | Unset = UNSET,
    model: str | Unset = UNSET,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    marked: bool | Unset = UNSET,
    after: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    at: str | Unset = UNSET,
    uplion_position: str | Unset = UNSET,
) -> Response[PageCharge | Problem]:
    """List charges

     Of the requests that ended, the newest first.

    Args:
        project (str | Unset):
        key (str | Unset):
        model (str | Unset):
        from_ (datetime.datetime | Unset):
        to (datetime.datetime | Unset):
        marked (bool | Unset):
        after (str | Unset):
        limit (int | Unset):
        at (str | Unset):
        uplion_position (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PageCharge | Problem]
    """

    kwargs = _get_kwargs(
        project=project,
        key=key,
        model=model,
        from_=from_,
        to=to,
        marked=marked,
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
    project: str | Unset = UNSET,
    key: str | Unset = UNSET,
    model: str | Unset = UNSET,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    marked: bool | Unset = UNSET,
    after: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    at: str | Unset = UNSET,
    uplion_position: str | Unset = UNSET,
) -> PageCharge | Problem | None:
    """List charges

     Of the requests that ended, the newest first.

    Args:
        project (str | Unset):
        key (str | Unset):
        model (str | Unset):
        from_ (datetime.datetime | Unset):
        to (datetime.datetime | Unset):
        marked (bool | Unset):
        after (str | Unset):
        limit (int | Unset):
        at (str | Unset):
        uplion_position (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PageCharge | Problem
    """

    return sync_detailed(
        client=client,
        project=project,
        key=key,
        model=model,
        from_=from_,
        to=to,
        marked=marked,
        after=after,
        limit=limit,
        at=at,
        uplion_position=uplion_position,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    project: str | Unset = UNSET,
    key: str | Unset = UNSET,
    model: str | Unset = UNSET,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    marked: bool | Unset = UNSET,
    after: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    at: str | Unset = UNSET,
    uplion_position: str | Unset = UNSET,
) -> Response[PageCharge | Problem]:
    """List charges

     Of the requests that ended, the newest first.

    Args:
        project (str | Unset):
        key (str | Unset):
        model (str | Unset):
        from_ (datetime.datetime | Unset):
        to (datetime.datetime | Unset):
        marked (bool | Unset):
        after (str | Unset):
        limit (int | Unset):
        at (str | Unset):
        uplion_position (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PageCharge | Problem]
    """

    kwargs = _get_kwargs(
        project=project,
        key=key,
        model=model,
        from_=from_,
        to=to,
        marked=marked,
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
    project: str | Unset = UNSET,
    key: str | Unset = UNSET,
    model: str | Unset = UNSET,
    from_: datetime.datetime | Unset = UNSET,
    to: datetime.datetime | Unset = UNSET,
    marked: bool | Unset = UNSET,
    after: str | Unset = UNSET,
    limit: int | Unset = UNSET,
    at: str | Unset = UNSET,
    uplion_position: str | Unset = UNSET,
) -> PageCharge | Problem | None:
    """List charges

     Of the requests that ended, the newest first.

    Args:
        project (str | Unset):
        key (str | Unset):
        model (str | Unset):
        from_ (datetime.datetime | Unset):
        to (datetime.datetime | Unset):
        marked (bool | Unset):
        after (str | Unset):
        limit (int | Unset):
        at (str | Unset):
        uplion_position (str | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PageCharge | Problem
    """

    return (
        await asyncio_detailed(
            client=client,
            project=project,
            key=key,
            model=model,
            from_=from_,
            to=to,
            marked=marked,
            after=after,
            limit=limit,
            at=at,
            uplion_position=uplion_position,
        )
    ).parsed
