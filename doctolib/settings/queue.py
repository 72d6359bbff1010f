"""Redis as cache and as Celery's broker."""

from datetime import timedelta

from doctolib.settings.machine import ENVIRONMENT

_REDIS_URL = ENVIRONMENT.redis_url or "redis://127.0.0.1:6379/0"


def _celery_url(url: str) -> str:
    """Celery spells a Unix socket `redis+socket://`, redis-py spells it `unix://`."""
    if not url.startswith("unix://"):
        return url
    path, _, query = url.removeprefix("unix://").partition("?")
    return f"redis+socket://{path}?{query.replace('db=', 'virtual_host=') or 'virtual_host=0'}"


CACHES = {
    "default": {
        "BACKEND": "doctolib.cache.OneClientRedisCache",
        "LOCATION": _REDIS_URL,
        "KEY_PREFIX": "doctolib",
    }
}

CELERY_BROKER_URL = _celery_url(_REDIS_URL)
# A worker opens no other message, and takes no orders but tasks: no stop, no other rate.
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = CELERY_EVENT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "doctolib"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "send-owed-messages": {
        "task": "booking.send_owed_messages",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    "plant-canaries": {
        "task": "booking.plant_canaries",
        "schedule": timedelta(hours=24),
        "options": {"expires": 3600},
    },
    "send-notices": {
        "task": "audit.send_notices",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    "reset-factors": {
        "task": "booking.reset_factors",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "forget-address-checks": {
        "task": "booking.forget_address_checks",
        "schedule": timedelta(hours=24),
        "options": {"expires": 3600},
    },
    "forget-ended-sessions": {
        "task": "booking.forget_ended_sessions",
        "schedule": timedelta(hours=24),
        "options": {"expires": 3600},
    },
    "refresh-next-slots": {
        "task": "practitioners.refresh_stale_next_slots",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 10},
    },
    "offer-free-slots": {
        "task": "booking.offer_free_slots",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "go-on-with-imports": {
        "task": "booking.go_on_with_imports",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "drop-expired-holds": {
        "task": "practitioners.drop_expired_holds",
        "schedule": timedelta(minutes=5),
        "options": {"expires": 300},
    },
    "drop-expired-tokens": {
        "task": "partners.drop_expired_tokens",
        "schedule": timedelta(minutes=5),
        "options": {"expires": 300},
    },
    "tell-webhooks": {
        "task": "partners.tell_webhooks",
        "schedule": timedelta(seconds=2),
        "options": {"expires": 2},
    },
    "read-calendars": {
        "task": "partners.read_calendars",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "drop-old-deliveries": {
        "task": "partners.drop_old_deliveries",
        "schedule": timedelta(hours=6),
        "options": {"expires": 3600},
    },
    "create-record-partitions": {
        "task": "audit.create_record_partitions",
        "schedule": timedelta(hours=6),
        "options": {"expires": 3600},
    },
}
