from enum import StrEnum


class UserAccess(StrEnum):
    ADMIN = "admin"
    AUDITOR = "auditor"
    NONE = "none"

    def __str__(self) -> str:
        return str(self.value)
