"""The base of every API route: scopes, row-level security, request limit, replay cache, ETags."""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar, cast

import redis
from django.utils import timezone
from rest_framework.exceptions import NotFound, Throttled, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.record.entries import Actor, Origin
from partners.api import problems
from partners.api.authentication import origin_of
from partners.api.permissions import HasScope
from partners.api.rendering import FastJSONRenderer
from partners.domain import once, request_limit, usage
from partners.domain.identities import credential_actor
from partners.domain.scopes import IDENTITY_SCOPES
from partners.domain.walls import ask_behind_walls, behind_walls
from partners.models import AccessToken, Credential
from partners.queries import granted_agendas
from practitioners.models import Agenda

LONGEST_KEY = 255


class ScopedView(APIView):
    """A route that declares the scope of each of its methods; without one, it refuses everybody.

    It runs as the partner role: PostgreSQL shows it only the rows that are granted.
    """

    permission_classes = [HasScope]
    # By method in small letters.
    scopes: ClassVar[dict[str, str]] = {}
    # False where the response contains an identity, which is never stored for replay.
    remembers_writes = True
    # False for a route whose single statement takes the partner role by itself (`ask`).
    enters_walls = True

    @property
    def required_scope(self) -> str:
        """The scope of this request's method; OPTIONS and HEAD need the same one as GET."""
        name = str(self.request.method).lower()
        return self.scopes.get(name) or next(iter(self.scopes.values()), "")

    @property
    def credential(self) -> Credential:
        return cast(Credential, self.request.user)

    def actor(self, practice_id: uuid.UUID) -> Actor:
        """The credential, acting for a practice."""
        return credential_actor(self.credential, practice_id=practice_id)

    @property
    def token(self) -> AccessToken:
        return cast(AccessToken, self.request.auth)

    def ask(self, statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run one statement as the partner role, for a route whose `enters_walls` is False."""
        return ask_behind_walls(self.token, statement, parameters, scope=self.required_scope)

    def origin(self) -> Origin:
        """The network, key and token that the request came with."""
        return origin_of(self.request, self.token, thumbprint=self.token.thumbprint)

    def agenda(self, agenda_id: uuid.UUID) -> Agenda:
        """A granted agenda; raises NotFound."""
        agendas = granted_agendas(self.credential, scope=self.required_scope)
        found = agendas.filter(pk=agenda_id).first()
        if found is None:
            raise NotFound
        return found

    def check_throttles(self, request: Request) -> None:
        try:
            self._use = request_limit.count_request(
                self.credential.pk, call=f"{request.method} {self._route()}", now=timezone.now()
            )
        except redis.RedisError as error:
            # Without Redis, requests for identities are refused; others are answered uncounted.
            if self.required_scope in IDENTITY_SCOPES:
                raise problems.Unavailable from error
            return
        if self._use.exceeded:
            raise Throttled(wait=self._use.seconds)

    def finalize_response(
        self, request: Any, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Send how many requests are left (draft-ietf-httpapi-ratelimit-headers)."""
        answer: Response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[assignment]
        use = getattr(self, "_use", None)
        if use is not None:
            answer["RateLimit-Policy"] = (
                f'"requests";q={use.limit};w={request_limit.WINDOW_SECONDS}'
            )
            answer["RateLimit"] = f'"requests";r={use.left};t={use.seconds}'
            if answer.status_code >= 400:
                self._note_refusal(request, answer)
        return answer

    def _note_refusal(self, request: Any, answer: Response) -> None:
        """Keep a refusal for the vendor's page; without Redis, only that page lacks it."""
        with suppress(redis.RedisError):
            usage.note_refusal(
                self.credential.pk,
                call=f"{request.method} {self._route()}",
                status=answer.status_code,
                problem=self.problem_of(answer),
                now=timezone.now(),
            )

    def problem_of(self, answer: Response) -> str:
        """The problem type of a refusal."""
        kind: str = answer.data.get("type", "")
        return kind.removeprefix("urn:doctolib:problem:")

    def _route(self) -> str:
        """The route without its values, as `appointments/{appointment_id}`."""
        match = self.request.resolver_match
        route = match.route.removeprefix("api/v1/") if match else ""
        return route.replace("<uuid:", "{").replace(">", "}")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        name = str(request.method).lower()
        if name in self.http_method_names and hasattr(self, name):
            self._check_query(request, getattr(self, name))
            if self.enters_walls:
                setattr(self, name, partial(self._behind_walls, getattr(self, name)))

    def _check_query(self, request: Request, handler: Any) -> None:
        """Refuse unknown query parameters, so that a misspelt one is noticed."""
        known: frozenset[str] = getattr(handler, "query_names", frozenset())
        unknown = sorted(set(request.query_params) - known)
        if unknown:
            raise ValidationError({name: ["is not a parameter of this route"] for name in unknown})

    def _behind_walls(
        self, handler: Callable[..., Response], request: Request, *args: Any, **kwargs: Any
    ) -> Response:
        with behind_walls(self.token):
            key = request.headers.get("Idempotency-Key", "")
            if not key or request.method not in ("POST", "PUT", "PATCH", "DELETE"):
                return handler(request, *args, **kwargs)
            return self._once(key, handler, request, *args, **kwargs)

    def _once(
        self,
        key: str,
        handler: Callable[..., Response],
        request: Request,
        *args: Any,
        **kwargs: Any,
    ) -> Response:
        if not self.remembers_writes:
            raise problems.NotRepeatable
        if len(key) > LONGEST_KEY:
            raise problems.BadKey
        fingerprint = once.fingerprint_of(
            method=str(request.method), path=request.get_full_path(), body=request._request.body
        )
        try:
            former = once.begin(
                credential=self.credential, key=key, fingerprint=fingerprint, now=timezone.now()
            )
        except once.UsedForAnother as problem:
            raise problems.KeyUsed from problem
        if former is not None:
            headers = former.headers | {"Idempotent-Replayed": "true"}
            return Response(former.body, status=former.status, headers=headers)
        response = handler(request, *args, **kwargs)
        body = plain(response.data)
        answer = once.Answer(
            status=response.status_code, body=body, headers=dict(response.headers.items())
        )
        once.finish(credential=self.credential, key=key, answer=answer)
        return response


def plain(data: Any) -> Any:
    """The body as plain JSON values, without Python's UUID and datetime objects."""
    return None if data is None else json.loads(FastJSONRenderer().render(data))


def etag_of(data: Any) -> str:
    """The strong ETag of a resource: a hash of its JSON."""
    return f'"{hashlib.sha256(FastJSONRenderer().render(data)).hexdigest()[:32]}"'


def check_match(request: Request, data: Any) -> None:
    """Refuse a change unless its If-Match names the current version (RFC 9110 section 13.1.1).

    The caller has locked the resource. Raises problems.MatchNeeded and problems.NotTheVersion.
    """
    wanted = request.headers.get("If-Match")
    if wanted is None:
        raise problems.MatchNeeded
    tags = [tag.strip() for tag in wanted.split(",")]
    if "*" not in tags and etag_of(data) not in tags:
        raise problems.NotTheVersion


def shown(data: Any, **kwargs: Any) -> Response:
    """A resource with its ETag."""
    headers = kwargs.pop("headers", {}) | {"ETag": etag_of(data)}
    return Response(data, headers=headers, **kwargs)
