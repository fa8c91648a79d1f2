from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="UserIdentity")


@_attrs_define
class UserIdentity:
    """Who somebody is to a provider of `OpenID` Connect."""

    issuer: str
    """ The provider's address, as it stands in its tokens. """
    subject: str
    """ The provider's name for the user. """

    def to_dict(self) -> dict[str, Any]:
        issuer = self.issuer

        subject = self.subject

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "issuer": issuer,
                "subject": subject,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        issuer = d.pop("issuer")

        subject = d.pop("subject")

        user_identity = cls(
            issuer=issuer,
            subject=subject,
        )

        return user_identity
