"""The life of a key by the generated client for Python. The environment is set by ../run."""

import os
import time
import uuid
from typing import TypeVar

import httpx
from uplion_control import AuthenticatedClient
from uplion_control.api.keys import allow_models, get_key, issue_key, list_keys, revoke_key, rotate_key
from uplion_control.api.models import get_model
from uplion_control.api.projects import create_project, list_projects
from uplion_control.models import AllowedModels, IssuedKey, Key, Model, NewKey, NewProject, PageKey, Problem, Rotation, Written

CONTROL = f"{os.environ['CONTROL_URL']}/control/v1"
MODEL, OTHER_MODEL = os.environ["MODEL"], os.environ["OTHER_MODEL"]
api = AuthenticatedClient(base_url=CONTROL, token=os.environ["ADMIN_KEY"])

T = TypeVar("T")


def ask(secret: str, model: str) -> int:
    """What the gateway answers to a chat completion."""
    body = {"model": model, "messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 4}
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx.post(f"{os.environ['BASE_URL']}/chat/completions", json=body, headers=headers).status_code


def becomes(status: int, secret: str, model: str) -> None:
    """Changes are at every gateway within two seconds of their answer."""
    end = time.monotonic() + 2
    seen = ask(secret, model)
    while seen != status and time.monotonic() < end:
        seen = ask(secret, model)
    assert seen == status


def the(kind: type[T], answer: object) -> T:
    assert isinstance(answer, kind), answer
    return answer


def key(name: str) -> tuple[str, str]:
    body = NewProject(name=f"python-{uuid.uuid4()}")
    project = the(Written, create_project.sync(client=api, body=body))
    assert project.in_force
    issued = the(IssuedKey, issue_key.sync(client=api, body=NewKey(project=project.id, name=name)))
    return issued.id, the(str, issued.secret)


def test_a_key_lives_from_its_issue_to_its_revocation() -> None:
    assert the(Model, get_model.sync(MODEL, client=api)).name == MODEL

    id, secret = key("life")
    becomes(200, secret, MODEL)

    allowed = the(Written, allow_models.sync(id, client=api, body=AllowedModels(models=[OTHER_MODEL])))
    assert allowed.in_force
    becomes(404, secret, MODEL)
    becomes(200, secret, OTHER_MODEL)

    shown = get_key.sync_detailed(id, client=api)
    assert the(Key, shown.parsed).models == [OTHER_MODEL]
    assert shown.headers["ETag"] == '"2"'

    rotated = the(IssuedKey, rotate_key.sync(id, client=api, body=Rotation(grace_seconds=3600)))
    next = the(str, rotated.secret)
    assert next != secret
    becomes(200, next, OTHER_MODEL)
    becomes(200, secret, OTHER_MODEL)

    revoked = the(Written, revoke_key.sync(id, client=api))
    becomes(401, secret, OTHER_MODEL)
    becomes(401, next, OTHER_MODEL)

    listed = the(PageKey, list_keys.sync(client=api, limit=1000, uplion_position=the(str, revoked.position)))
    assert [key.status for key in listed.data if key.id == id] == ["revoked"]


def test_a_change_at_another_version_than_the_one_named_is_a_problem_with_the_current_version() -> None:
    id, _ = key("conflict")
    seen = get_key.sync_detailed(id, client=api).headers["ETag"]
    first = allow_models.sync(id, client=api, body=AllowedModels(models=[MODEL]), if_match=seen)
    assert the(Written, first).version == 2

    late = allow_models.sync_detailed(id, client=api, body=AllowedModels(models=None), if_match=seen)
    problem = the(Problem, late.parsed)
    assert (late.status_code, problem.code, problem.version) == (412, "changed", 2)
    assert late.headers["ETag"] == '"2"'


def test_a_write_said_again_with_its_idempotency_key_is_carried_out_once() -> None:
    body, once = NewProject(name=f"python-{uuid.uuid4()}"), str(uuid.uuid4())
    first = the(Written, create_project.sync(client=api, body=body, idempotency_key=once))
    again = the(Written, create_project.sync(client=api, body=body, idempotency_key=once))
    assert again.id == first.id
    assert (first.repeated, again.repeated) == (False, True)


def test_who_has_no_key_is_told_so() -> None:
    refused = list_projects.sync(client=AuthenticatedClient(base_url=CONTROL, token="nobody"))
    assert the(Problem, refused).status == 401
