"""`QueuedMessage`: what gives the outbox a name, permissions and an address in Django's admin.

A model without a table. What is in the outbox is asked of the outbox, by `admin`; nothing is kept here.
"""

from __future__ import annotations

from django.db import models

__all__ = ["QueuedMessage"]


class QueuedMessage(models.Model):
    """A message of the outbox, known by the id of its ticket."""

    id: models.CharField[str, str] = models.CharField("ticket", max_length=32, primary_key=True)

    class Meta:
        """Permissions are to view, and to change: to cancel, retry, hold and release."""

        app_label = "envoi"
        managed = False
        default_permissions = ("view", "change")
        verbose_name = "message in the outbox"
        verbose_name_plural = "outbox"

    def __str__(self) -> str:
        return self.id
