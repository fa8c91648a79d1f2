from enum import StrEnum


class ModelStatus(StrEnum):
    REGISTERED = "registered"
    RETIRED = "retired"

    def __str__(self) -> str:
        return str(self.value)
