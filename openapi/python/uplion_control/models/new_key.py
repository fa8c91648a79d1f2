from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.budget import Budget
    from ..models.limits import Limits
    from ..models.new_key_model_limits_type_0 import NewKeyModelLimitsType0


T = TypeVar("T", bound="NewKey")


@_attrs_define
class NewKey:
    name: str
    """ For people: what or whom it is for. At most 128 characters. """
    project: str
    """ The project that its usage is billed to, by id or name. """
    budget: Budget | None | Unset = UNSET
    description: None | str | Unset = UNSET
    """ At most 1000 characters. """
    expires_at: datetime.datetime | None | Unset = UNSET
    """ From then on it is not served. RFC 3339; left out: never. """
    limits: Limits | None | Unset = UNSET
    model_limits: NewKeyModelLimitsType0 | None | Unset = UNSET
    """ Beside its own limits, for what it does with one model; by name or alias. """
    models: list[str] | None | Unset = UNSET
    """ The only models that it may use, by name or alias; null or left out: all. """
    owner: None | str | Unset = UNSET
    """ The member whose key it is, by id or e-mail address. Left out: the caller's own if it is a mere member, else
    the project's. """
    token_quota: int | None | Unset = UNSET
    """ Tokens that it may use in its life, of prompts and answers together; left out: without end. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.budget import Budget
        from ..models.limits import Limits
        from ..models.new_key_model_limits_type_0 import NewKeyModelLimitsType0

        name = self.name

        project = self.project

        budget: dict[str, Any] | None | Unset
        if isinstance(self.budget, Unset):
            budget = UNSET
        elif isinstance(self.budget, Budget):
            budget = self.budget.to_dict()
        else:
            budget = self.budget

        description: None | str | Unset
        if isinstance(self.description, Unset):
            description = UNSET
        else:
            description = self.description

        expires_at: None | str | Unset
        if isinstance(self.expires_at, Unset):
            expires_at = UNSET
        elif isinstance(self.expires_at, datetime.datetime):
            expires_at = self.expires_at.isoformat()
        else:
            expires_at = self.expires_at

        limits: dict[str, Any] | None | Unset
        if isinstance(self.limits, Unset):
            limits = UNSET
        elif isinstance(self.limits, Limits):
            limits = self.limits.to_dict()
        else:
            limits = self.limits

        model_limits: dict[str, Any] | None | Unset
        if isinstance(self.model_limits, Unset):
            model_limits = UNSET
        elif isinstance(self.model_limits, NewKeyModelLimitsType0):
            model_limits = self.model_limits.to_dict()
        else:
            model_limits = self.model_limits

        models: list[str] | None | Unset
        if isinstance(self.models, Unset):
            models = UNSET
        elif isinstance(self.models, list):
            models = self.models

        else:
            models = self.models

        owner: None | str | Unset
        if isinstance(self.owner, Unset):
            owner = UNSET
        else:
            owner = self.owner

        token_quota: int | None | Unset
        if isinstance(self.token_quota, Unset):
            token_quota = UNSET
        else:
            token_quota = self.token_quota

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "project": project,
            }
        )
        if budget is not UNSET:
            field_dict["budget"] = budget
        if description is not UNSET:
            field_dict["description"] = description
        if expires_at is not UNSET:
            field_dict["expires_at"] = expires_at
        if limits is not UNSET:
            field_dict["limits"] = limits
        if model_limits is not UNSET:
            field_dict["model_limits"] = model_limits
        if models is not UNSET:
            field_dict["models"] = models
        if owner is not UNSET:
            field_dict["owner"] = owner
        if token_quota is not UNSET:
            field_dict["token_quota"] = token_quota

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.budget import Budget
        from ..models.limits import Limits
        from ..models.new_key_model_limits_type_0 import NewKeyModelLimitsType0

        d = dict(src_dict)
        name = d.pop("name")

        project = d.pop("project")

        def _parse_budget(data: object) -> Budget | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                budget_type_1 = Budget.from_dict(data)

                return budget_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Budget | None | Unset, data)

        budget = _parse_budget(d.pop("budget", UNSET))

        def _parse_description(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        description = _parse_description(d.pop("description", UNSET))

        def _parse_expires_at(data: object) -> datetime.datetime | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                expires_at_type_0 = datetime.datetime.fromisoformat(data)

                return expires_at_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.datetime | None | Unset, data)

        expires_at = _parse_expires_at(d.pop("expires_at", UNSET))

        def _parse_limits(data: object) -> Limits | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                limits_type_1 = Limits.from_dict(data)

                return limits_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Limits | None | Unset, data)

        limits = _parse_limits(d.pop("limits", UNSET))

        def _parse_model_limits(data: object) -> NewKeyModelLimitsType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                model_limits_type_0 = NewKeyModelLimitsType0.from_dict(data)

                return model_limits_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(NewKeyModelLimitsType0 | None | Unset, data)

        model_limits = _parse_model_limits(d.pop("model_limits", UNSET))

        def _parse_models(data: object) -> list[str] | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                models_type_0 = cast(list[str], data)

                return models_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[str] | None | Unset, data)

        models = _parse_models(d.pop("models", UNSET))

        def _parse_owner(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        owner = _parse_owner(d.pop("owner", UNSET))

        def _parse_token_quota(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        token_quota = _parse_token_quota(d.pop("token_quota", UNSET))

        new_key = cls(
            name=name,
            project=project,
            budget=budget,
            description=description,
            expires_at=expires_at,
            limits=limits,
            model_limits=model_limits,
            models=models,
            owner=owner,
            token_quota=token_quota,
        )

        return new_key
