"""What every route of the API shares: scopes, walls, the request limit, repeats and ETags."""

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
    """A route that declares the scope that each of its methods needs; without one, nobody's.

    Whatever the route does, it does as the partner role: PostgreSQL shows it what is granted.
    """

    permission_classes = [HasScope]
    # By method in small letters.
    scopes: ClassVar[dict[str, str]] = {}
    # A repetition must say the same again; an identity is never kept for that.
    remembers_writes = True
    # False for a route whose one statement enters by itself (`ask`).
    enters_walls = True

    @property
    def required_scope(self) -> str:
        """The scope of this request's method; OPTIONS and HEAD tell what GET tells."""
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
        """Ask one statement of the granted agendas, for a route that does not enter the walls."""
        return ask_behind_walls(self.token, statement, parameters, scope=self.required_scope)

    def origin(self) -> Origin:
        """Through which network, key and token the request came."""
        return origin_of(self.request, self.token, thumbprint=self.token.thumbprint)

    def agenda(self, agenda_id: uuid.UUID) -> Agenda:
        """A granted agenda, or NotFound."""
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
            # Agendas are of use without identities, even uncounted; identities are not opened.
            if self.required_scope in IDENTITY_SCOPES:
                raise problems.Unavailable from error
            return
        if self._use.exceeded:
            raise Throttled(wait=self._use.seconds)

    def finalize_response(
        self, request: Any, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Say how much is left (draft-ietf-httpapi-ratelimit-headers)."""
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
        """Keep a refusal for the vendor's page; a Redis that is away costs that page alone."""
        with suppress(redis.RedisError):
            usage.note_refusal(
                self.credential.pk,
                call=f"{request.method} {self._route()}",
                status=answer.status_code,
                problem=self.problem_of(answer),
                now=timezone.now(),
            )

    def problem_of(self, answer: Response) -> str:
        """The kind of problem that a refusal names."""
        kind: str = answer.data.get("type", "")
        return kind.removeprefix("urn:doctolib:problem:")

    def _route(self) -> str:
        """The address without what was asked for, as `appointments/{appointment_id}`."""
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
        """A parameter that nobody knows is a slip of the pen: better said than passed over."""
        known: frozenset[str] = getattr(handler, "query_names", frozenset())
        unknown = sorted(set(request.query_params) - known)
        if unknown:
            raise ValidationError({name: ["is unknown here"] for name in unknown})

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
    """The body as JSON has it, without ids and instants of Python's."""
    return None if data is None else json.loads(FastJSONRenderer().render(data))


def etag_of(data: Any) -> str:
    """The strong ETag of a resource as it is shown: what reads alike is alike."""
    return f'"{hashlib.sha256(FastJSONRenderer().render(data)).hexdigest()[:32]}"'


def check_match(request: Request, data: Any) -> None:
    """Hold a change to the version that its sender has read (RFC 9110 section 13.1.1).

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
