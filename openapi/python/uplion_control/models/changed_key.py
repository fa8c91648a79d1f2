from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.budget import Budget
    from ..models.changed_key_model_limits_type_0 import ChangedKeyModelLimitsType0
    from ..models.limits import Limits


T = TypeVar("T", bound="ChangedKey")


@_attrs_define
class ChangedKey:
    """What is left out stays as it is."""

    budget: Budget | None | Unset = UNSET
    """ Null: none of its own. """
    description: None | str | Unset = UNSET
    expires_at: datetime.datetime | None | Unset = UNSET
    """ From then on it is not served; null: never. """
    limits: Limits | None | Unset = UNSET
    """ All of them: what is left out within is limited no more. Null: nothing is limited. """
    model_limits: ChangedKeyModelLimitsType0 | None | Unset = UNSET
    """ For all models together; null: nothing is limited by model. """
    models: list[str] | None | Unset = UNSET
    """ The only models that it may use from now on, by name or alias; null: all. """
    name: None | str | Unset = UNSET
    token_quota: int | None | Unset = UNSET
    """ Null: without end. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.budget import Budget
        from ..models.changed_key_model_limits_type_0 import ChangedKeyModelLimitsType0
        from ..models.limits import Limits

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
        elif isinstance(self.model_limits, ChangedKeyModelLimitsType0):
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

        name: None | str | Unset
        if isinstance(self.name, Unset):
            name = UNSET
        else:
            name = self.name

        token_quota: int | None | Unset
        if isinstance(self.token_quota, Unset):
            token_quota = UNSET
        else:
            token_quota = self.token_quota

        field_dict: dict[str, Any] = {}

        field_dict.update({})
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
        if name is not UNSET:
            field_dict["name"] = name
        if token_quota is not UNSET:
            field_dict["token_quota"] = token_quota

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.budget import Budget
        from ..models.changed_key_model_limits_type_0 import ChangedKeyModelLimitsType0
        from ..models.limits import Limits

        d = dict(src_dict)

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

        def _parse_model_limits(
            data: object,
        ) -> ChangedKeyModelLimitsType0 | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                model_limits_type_0 = ChangedKeyModelLimitsType0.from_dict(data)

                return model_limits_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ChangedKeyModelLimitsType0 | None | Unset, data)

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

        def _parse_name(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        name = _parse_name(d.pop("name", UNSET))

        def _parse_token_quota(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        token_quota = _parse_token_quota(d.pop("token_quota", UNSET))

        changed_key = cls(
            budget=budget,
            description=description,
            expires_at=expires_at,
            limits=limits,
            model_limits=model_limits,
            models=models,
            name=name,
            token_quota=token_quota,
        )

        return changed_key
