from enum import StrEnum


class UpstreamHealth(StrEnum):
    DOWN = "down"
    RESTING = "resting"
    UP = "up"

    def __str__(self) -> str:
        return str(self.value)
