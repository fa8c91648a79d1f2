from enum import StrEnum


class ProjectStatus(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    SUSPENDED = "suspended"

    def __str__(self) -> str:
        return str(self.value)
