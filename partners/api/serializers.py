from rest_framework import serializers

from partners.domain import identities


class RevealRequest(serializers.Serializer):  # type: ignore[type-arg]
    """Why, and which fields: a name that a serializer has already, hence `get_fields`."""

    purpose = serializers.ChoiceField(choices=[purpose.value for purpose in identities.PURPOSES])

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        choices = serializers.MultipleChoiceField(choices=identities.FIELDS, allow_empty=False)
        return {**super().get_fields(), "fields": choices}
