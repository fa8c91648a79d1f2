from enum import StrEnum


class UserStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"
    ERASED = "erased"

    def __str__(self) -> str:
        return str(self.value)
