"""What refusals of a token endpoint mean and what to do about them: data.

The first row that applies wins, so a provider's own code stands before the standard's wide words (RFC 6749
§5.2, RFC 8628 §3.5). Refused logins at the mail server are another matter: `envoi.smtp.explain`. The
search through the rows is `refusal`.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EXPLANATIONS", "Explanation"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an answer means, and which answer. Every condition that is given must hold.

    Attributes:
        remedy: the meaning and what to do, in whole sentences.
        errors: one of these error codes.
        words: one of these in the description, in small letters.
        consent: a person has to sign in again; nothing else will help.
    """

    remedy: str
    errors: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    consent: bool = False

    def applies(self, error: str, description: str) -> bool:
        """Tell whether this row is about the answer; `description` is in small letters."""
        return (not self.errors or error in self.errors) and (
            not self.words or any(word in description for word in self.words)
        )


_POLICY = (
    "A policy of the organisation (Conditional Access) forbids this sign-in; its administrator finds the "
    "reason in the sign-in log. The device flow is often forbidden where the browser on this machine is not."
)

EXPLANATIONS = (
    Explanation(
        "The client's secret has expired. Make a new one at the provider (Microsoft Entra: Certificates & "
        "secrets) and put its value in the configuration.",
        words=("aadsts7000222",),
    ),
    Explanation(
        "The client's secret is wrong. The secret's value is wanted, not its id: the value is shown "
        "only once, "
        "when it is made.",
        words=("aadsts7000215",),
    ),
    Explanation(
        'The registration is not one of a public client. Switch on "Allow public client flows" in it '
        "(Microsoft Entra: Authentication), or give the client's secret.",
        words=("aadsts7000218",),
    ),
    Explanation(
        "Nobody has consented to what the program asks for. Sign in again and agree; where only an "
        "administrator may, ask for admin consent to SMTP.Send or SMTP.SendAsApp.",
        words=("aadsts65001",),
        consent=True,
    ),
    Explanation(
        "This account is not assigned to the application. An administrator assigns it (Enterprise "
        "applications, "
        "Users and groups), or switches off that an assignment is required.",
        words=("aadsts50105",),
    ),
    Explanation(_POLICY, words=("aadsts53003", "aadsts53000", "aadsts530")),
    Explanation(
        "The sign-in has not been used for 90 days, which is the longest that Microsoft keeps it. "
        "Sign in again.",
        words=("aadsts700082",),
        consent=True,
    ),
    Explanation(
        "The password was changed or reset, or the administrator ended all sign-ins. Sign in again.",
        words=("aadsts50173",),
        consent=True,
    ),
    Explanation(
        "The organisation now asks for a second factor, or the place of this sign-in changed. Sign in again.",
        words=("aadsts50076", "aadsts50079"),
        consent=True,
    ),
    Explanation(
        "The registration and the sign-in address do not belong together. An application of one organisation "
        "needs its tenant in the address instead of `common`; personal accounts need `consumers`.",
        words=("aadsts50194", "aadsts9002346", "aadsts700016"),
    ),
    Explanation(
        "The sign-in has ended or was withdrawn, or the code was used before. Sign in again.",
        words=("aadsts70000", "aadsts70008", "aadsts54005"),
        consent=True,
    ),
    Explanation(
        "The sign-in no longer holds. Sign in again. It ends when the person withdraws it; when it "
        "was not used "
        "for six months; when the password is changed; when more than 100 sign-ins with this client "
        "id are alive "
        "(the oldest goes silently); when an administrator or a session policy ends it; and at "
        'Google after 7 days while the consent screen is External and in "Testing". A refresh token that was '
        "used twice, say by a copy of the program, ends it too.",
        errors=("invalid_grant",),
        consent=True,
    ),
    Explanation(
        "The provider does not know the client, or its secret is wrong. Compare client_id and client_secret "
        "with the registration; a secret may have expired.",
        errors=("invalid_client",),
    ),
    Explanation(
        "The registration does not allow this kind of sign-in. Switch it on in the provider's "
        "console, or use "
        "another grant.",
        errors=("unauthorized_client", "unsupported_grant_type"),
    ),
    Explanation(
        "The provider does not know the scope, or does not give it to this client. At Google it is "
        "https://mail.google.com/, at Microsoft https://outlook.office.com/SMTP.Send with "
        "offline_access, for an "
        "application https://outlook.office365.com/.default.",
        errors=("invalid_scope",),
    ),
    Explanation(
        "The person declined, or the provider did in their place. Sign in again and agree to "
        "everything asked for.",
        errors=("access_denied", "authorization_declined"),
        consent=True,
    ),
    Explanation(
        "Nobody signed in in time. Ask for a new code and enter it before it expires.",
        errors=("expired_token",),
        consent=True,
    ),
    Explanation(
        "The provider wants to see the person. Sign in again.",
        errors=("interaction_required", "login_required", "consent_required"),
        consent=True,
    ),
    Explanation(
        "The provider does not know the address to send the browser back to. Register it exactly as it is in "
        "redirection_url; at Microsoft under Mobile and desktop applications, http://localhost.",
        words=("redirect_uri", "aadsts50011"),
    ),
    Explanation(
        "The provider found a fault in the request. Compare the parameters with the registration.",
        errors=("invalid_request", "invalid_target", "unsupported_response_type"),
    ),
)
