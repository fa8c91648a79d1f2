from enum import StrEnum


class UserSignIn(StrEnum):
    NONE = "none"
    OIDC = "oidc"
    PASSWORD = "password"

    def __str__(self) -> str:
        return str(self.value)
