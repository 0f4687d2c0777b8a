"""The Django app: its name, and the tables of the outbox, which ``manage.py migrate`` keeps up.

The tables are envoi's own and no models of Django's: `Outbox.migrate` makes them, after Django has migrated
the database that the outbox lives in.
"""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from envoi.errors import ConfigError

__all__ = ["EnvoiConfig"]


class EnvoiConfig(AppConfig):
    """``"envoi.integrations.django"`` in ``INSTALLED_APPS``."""

    name = "envoi.integrations.django"
    label = "envoi"
    verbose_name = "E-mail"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Follow ``manage.py migrate``."""
        post_migrate.connect(_migrate, sender=self, dispatch_uid="envoi.outbox")


def _migrate(*, using: str, **_: Any) -> None:
    from envoi.integrations.django.outboxes import outbox_at, place_of_project

    try:
        place = place_of_project()
        if place.get("database") != using:
            return
        outbox = outbox_at(**place)
    except ConfigError:
        return  # no outbox, or none that could live here; whoever submits to it is told why
    outbox.migrate()
