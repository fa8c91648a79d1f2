from enum import StrEnum


class RequestStatus(StrEnum):
    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    FAILED = "failed"

    def __str__(self) -> str:
        return str(self.value)
