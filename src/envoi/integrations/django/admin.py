"""The outbox in Django's admin: a list with filters, a page for each message, and what can be done to them.

All of it is asked of the `Outbox` and nothing is kept here; what stands on a page of the list is `listing`'s
affair. Who may look needs the permission to view, who may act the one to change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from envoi.errors import ConfigError, EnvoiError, OutboxError
from envoi.integrations.django.listing import listing
from envoi.integrations.django.models import QueuedMessage
from envoi.integrations.django.outboxes import project_outbox

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    _ModelAdmin = admin.ModelAdmin[QueuedMessage]
else:
    _ModelAdmin = admin.ModelAdmin

__all__ = ["OutboxAdmin"]

_ACTIONS = {"cancel": "cancelled", "retry": "retried", "hold": "held", "release": "released"}
_LIST = "admin:envoi_queuedmessage_changelist"


@admin.register(QueuedMessage)
class OutboxAdmin(_ModelAdmin):
    """What waits, who has got what, and why not."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Nobody: mail is submitted by programs."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody: what is done is forgotten by `Outbox.purge`."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list; on POST, do what was chosen to what was ticked."""
        self._require(request, act=request.method == "POST")
        try:
            outbox = project_outbox()
            if request.method == "POST":
                self._act(request, request.POST.getlist("_selected_action"))
                return HttpResponseRedirect(request.get_full_path())
            shown: dict[str, Any] = {"page": listing(outbox, request.GET.dict()), "stats": outbox.stats()}
        except (ConfigError, OutboxError) as error:
            shown = {"problem": str(error)}
        return self._page(request, "change_list", {"title": "Outbox", **shown, **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",  # noqa: ARG002
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one message with what was said of each of its recipients; on POST, do something to it."""
        self._require(request, act=request.method == "POST")
        try:
            status = project_outbox().status(object_id or "")
        except (ConfigError, OutboxError) as error:
            raise Http404(str(error)) from error
        if request.method == "POST":
            self._act(request, [status.id])
            return HttpResponseRedirect(request.path)
        context = {
            "title": status.subject or "(no subject)",
            "status": status,
            "history": self._history(status.id),
        }
        return self._page(request, "change_form", {**context, **(extra_context or {})})

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the message: what people did to it is in its own page."""
        return self.changeform_view(request, object_id, extra_context=extra_context)

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        common = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "list_url": reverse(_LIST),
            "actions": list(_ACTIONS) if self.has_change_permission(request) else [],
        }
        template = f"admin/envoi/queuedmessage/{name}.html"
        return TemplateResponse(request, template, {**common, **context})

    def _require(self, request: HttpRequest, *, act: bool) -> None:
        may = self.has_change_permission(request) if act else self.has_view_or_change_permission(request)
        if not may:
            raise PermissionDenied

    def _act(self, request: HttpRequest, tickets: list[str]) -> None:
        action = request.POST.get("action", "")
        if action not in _ACTIONS or not tickets:
            messages.warning(request, "Nothing was done: choose messages and what to do to them.")
            return
        try:
            done = sorted(getattr(project_outbox(), action)(*tickets))
        except EnvoiError as error:
            messages.error(request, str(error))
            return
        left = len(tickets) - len(done)
        note = f"{len(done)} {_ACTIONS[action]}" + (f", {left} left as they were" if left else "")
        (messages.success if done else messages.warning)(request, f"{note}.")
        for ticket in done:
            self._log(request, ticket, f"{_ACTIONS[action].capitalize()}.")

    def _log(self, request: HttpRequest, ticket: str, note: str) -> None:
        who: Any = request.user.pk
        LogEntry.objects.log_actions(who, [QueuedMessage(id=ticket)], CHANGE, note, single_object=True)

    def _history(self, ticket: str) -> list[LogEntry]:
        """What people did to a message, the last first."""
        done = LogEntry.objects.filter(object_id=ticket, content_type__app_label=self.opts.app_label)
        return list(done.select_related("user"))
