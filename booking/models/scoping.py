"""Managers that refuse to answer outside a practice's scope or an account's own."""

from typing import Any

from django.db import models
from django_scopes import get_scope
from django_scopes.manager import DisabledQuerySet


class ScopedManager(models.Manager[Any]):
    """Filters by the active scope; a query without any of the named scopes raises ScopeError.

    Scopes are entered with `django_scopes.scope(practice=...)` or `scope(account=...)`, both
    narrowing when both are active. `scopes_disabled()` stands out in review.
    """

    def __init__(self, **lookups: str) -> None:
        super().__init__()
        self._lookups = lookups
        self._constructor_args = ((), dict(lookups))

    def get_queryset(self) -> models.QuerySet[Any]:
        scope = get_scope()
        queryset: models.QuerySet[Any] = super().get_queryset()
        if not scope.get("_enabled", True):
            return queryset
        active = {name: scope[name] for name in self._lookups if scope.get(name) is not None}
        if not active:
            refusing: models.QuerySet[Any] = DisabledQuerySet(
                self.model, using=self._db, missing_scopes=set(self._lookups)
            )
            return refusing
        for name, value in active.items():
            queryset = queryset.filter(**{self._lookups[name]: value})
        return queryset

    def all(self) -> models.QuerySet[Any]:
        queryset = super().all()
        return queryset.all() if isinstance(queryset, DisabledQuerySet) else queryset
