from enum import StrEnum


class AdminKeyAccess(StrEnum):
    ADMIN = "admin"
    AUDITOR = "auditor"

    def __str__(self) -> str:
        return str(self.value)
