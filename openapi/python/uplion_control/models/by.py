from enum import StrEnum


class By(StrEnum):
    HOUR = "hour"
    KEY = "key"
    MODEL = "model"
    OPERATION = "operation"
    PROJECT = "project"

    def __str__(self) -> str:
        return str(self.value)
