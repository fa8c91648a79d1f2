from enum import StrEnum


class WorkerStatus(StrEnum):
    FAILED = "failed"
    SERVING = "serving"
    STOPPED = "stopped"

    def __str__(self) -> str:
        return str(self.value)
