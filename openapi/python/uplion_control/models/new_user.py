from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define

from ..models.user_access import UserAccess
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.user_identity import UserIdentity


T = TypeVar("T", bound="NewUser")


@_attrs_define
class NewUser:
    email: str
    """ No other user has it. """
    name: str
    """ For people: 1 to 200 characters. """
    access: None | Unset | UserAccess = UNSET
    """ In the whole installation, beside what projects give; `none` if left out. """
    identity: None | Unset | UserIdentity = UNSET
    """ Who the user is to a provider of `OpenID` Connect, instead of a password. """
    password: None | str | Unset = UNSET
    """ To sign in with; 12 to 128 bytes. Left out: the user cannot sign in until a password is set. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.user_identity import UserIdentity

        email = self.email

        name = self.name

        access: None | str | Unset
        if isinstance(self.access, Unset):
            access = UNSET
        elif isinstance(self.access, UserAccess):
            access = self.access.value
        else:
            access = self.access

        identity: dict[str, Any] | None | Unset
        if isinstance(self.identity, Unset):
            identity = UNSET
        elif isinstance(self.identity, UserIdentity):
            identity = self.identity.to_dict()
        else:
            identity = self.identity

        password: None | str | Unset
        if isinstance(self.password, Unset):
            password = UNSET
        else:
            password = self.password

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "email": email,
                "name": name,
            }
        )
        if access is not UNSET:
            field_dict["access"] = access
        if identity is not UNSET:
            field_dict["identity"] = identity
        if password is not UNSET:
            field_dict["password"] = password

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.user_identity import UserIdentity

        d = dict(src_dict)
        email = d.pop("email")

        name = d.pop("name")

        def _parse_access(data: object) -> None | Unset | UserAccess:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                access_type_1 = UserAccess(data)

                return access_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Unset | UserAccess, data)

        access = _parse_access(d.pop("access", UNSET))

        def _parse_identity(data: object) -> None | Unset | UserIdentity:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                identity_type_1 = UserIdentity.from_dict(data)

                return identity_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Unset | UserIdentity, data)

        identity = _parse_identity(d.pop("identity", UNSET))

        def _parse_password(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        password = _parse_password(d.pop("password", UNSET))

        new_user = cls(
            email=email,
            name=name,
            access=access,
            identity=identity,
            password=password,
        )

        return new_user
