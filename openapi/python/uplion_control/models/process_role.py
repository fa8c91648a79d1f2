from enum import StrEnum


class ProcessRole(StrEnum):
    CONTROL = "control"
    GATEWAY = "gateway"
    PROJECTOR = "projector"
    WORKER = "worker"

    def __str__(self) -> str:
        return str(self.value)
