"""Fields that accept only the JSON type meant: "1" is not a number, and 1 is not a string."""

import uuid
from datetime import date, datetime, time
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audit.ids import read_id
from audit.plain_text import problem_of_name
from booking.patients.patients import ImpossibleBirthDate, check_birth_date
from practitioners.domain.scheduling.wall_clock import read_day, read_instant


class Text(serializers.CharField):
    """A text."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if "\x00" in data or any("\ud800" <= c <= "\udfff" for c in data):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Name(Text):
    """The name of a person or a thing: one line, without a web address."""

    default_error_messages = {"name": "must not contain control characters or a web address"}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if problem_of_name(text):
            self.fail("name")
        return text


class Flag(serializers.BooleanField):
    """true or false."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Number(serializers.IntegerField):
    """A whole number."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class _Read(serializers.Field):  # type: ignore[type-arg]
    """A text that one of our readers understands."""

    default_error_messages = {"invalid": "must be {what}"}
    what = ""

    def to_internal_value(self, data: Any) -> Any:
        found = self.read(data) if isinstance(data, str) else None
        if found is None:
            self.fail("invalid", what=self.what)
        return found

    def to_representation(self, value: Any) -> Any:
        return value

    def read(self, text: str) -> Any:
        raise NotImplementedError


@extend_schema_field(OpenApiTypes.UUID)
class Id(_Read):
    """An id assigned by this API."""

    what = "a UUID"

    def read(self, text: str) -> uuid.UUID | None:
        return read_id(text)


@extend_schema_field(OpenApiTypes.DATETIME)
class Instant(_Read):
    """A date and time with an offset (RFC 3339)."""

    what = "an RFC 3339 date and time with an offset, between 2000 and 2100"

    def read(self, text: str) -> datetime | None:
        return read_instant(text)


@extend_schema_field(OpenApiTypes.DATE)
class Day(_Read):
    """A date."""

    what = "a date like 2026-11-30, between 2000 and 2100"

    def read(self, text: str) -> date | None:
        return read_day(text)


@extend_schema_field({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"})
class Clock(_Read):
    """A time of the practice's wall clock."""

    what = "a time like 09:30"

    def read(self, text: str) -> time | None:
        try:
            found = time.fromisoformat(text)
        except ValueError:
            return None
        return found if text == f"{found:%H:%M}" else None

    def to_representation(self, value: time) -> str:
        return f"{value:%H:%M}"


@extend_schema_field(OpenApiTypes.DATE)
class BirthDate(_Read):
    """A date of birth."""

    what = "a date of birth like 1980-12-31, not in the future"

    def read(self, text: str) -> date | None:
        try:
            return check_birth_date(date.fromisoformat(text), today=timezone.localdate())
        except (ValueError, ImpossibleBirthDate):
            return None
