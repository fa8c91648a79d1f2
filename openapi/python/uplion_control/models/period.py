from enum import StrEnum


class Period(StrEnum):
    DAY = "day"
    MONTH = "month"
    TOTAL = "total"
    WEEK = "week"

    def __str__(self) -> str:
        return str(self.value)
