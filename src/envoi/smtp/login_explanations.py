"""What is known about refused logins, and about commands that want one: data for `explain`.

The first row that applies wins, so the narrow stand before the wide: a provider's own wording,
then an enhanced status code (RFC 3463), then the bare code (RFC 4954). What concerns
senders, recipients and messages is in `mail_explanations`.
"""

from __future__ import annotations

from envoi.smtp.explanation import Explanation

__all__ = ["LOCKED_OUT", "LOGIN"]

_PASSWORDS_ARE_OVER = (
    "This server takes no passwords from programs any more. Use OAuth 2.0 (at Microsoft XOAUTH2 with the "
    "scope https://outlook.office.com/SMTP.Send)."
)
_ASK_LATER = (
    "The server could not check the login just now; the credentials may well be right. Try again later."
)
_TLS_FIRST = 'The server demands TLS before this command. Use security="starttls" or security="tls".'

LOCKED_OUT = (
    Explanation(
        "SMTP AUTH is switched off for the whole organisation or for this mailbox; neither another password "
        "nor OAuth 2.0 will help. An administrator must switch it on (Exchange Online: Set-CASMailbox with "
        "SmtpClientAuthenticationDisabled $false, and no Security Defaults), or the mail goes through "
        "Microsoft Graph instead.",
        words=("smtpclientauthentication is disabled",),
    ),
    Explanation(
        _PASSWORDS_ARE_OVER,
        words=("basic authentication is disabled", "basic authentication is not supported"),
    ),
    # IANA's meaning of 5.7.30 is another (RFC 8689); it stands further below, for replies to mail.
    Explanation(_PASSWORDS_ARE_OVER, enhanced=("5.7.30",), bearer=False),
    Explanation(
        "A policy of the organisation (Security Defaults or Conditional Access) forbids this login, "
        "whatever the credentials. Its administrator finds the reason in the sign-in log.",
        words=("did not meet the criteria", "locked by your organization"),
    ),
    Explanation(
        "Too many failed logins: the account is locked, or held back for a while. Wait, or have it "
        "unlocked; each further attempt may prolong it.",
        words=(
            "account is locked",
            "account has been locked",
            "too many failed",
            "too many login",
            "too many bad auth",
        ),
    ),
    Explanation(
        "The account is disabled. Only its provider or administrator can change that.",
        codes=(525, 535, 550),
        enhanced=("5.7.13",),
    ),
)
"""Logins that no credentials would get through."""

LOGIN = (
    Explanation(
        "The session sent mail without logging in first. Give credentials: a user name with a password or a "
        "token, over port 587 with STARTTLS.",
        enhanced=("5.7.57",),
    ),
    Explanation(
        "An app password is wanted: create one in the account's security settings (two-step verification "
        "must be on) and use it instead of the usual password, or use OAuth 2.0.",
        words=(
            "application-specific password",
            "app password",
            "app-specific password",
            "authorization code",
        ),
    ),
    Explanation(
        "The provider wants the person to sign in with a web browser first, to confirm that it is really "
        "them.",
        words=("web login required", "via your web browser"),
    ),
    Explanation(
        "The server refused the access token without saying why. It may be for another resource or scope "
        "(https://outlook.office.com/SMTP.Send is wanted) or another mailbox than the user name, the "
        "service principal may lack permission on the mailbox, or SMTP AUTH is off for it.",
        codes=(535,),
        enhanced=("5.7.3", "5.7.139"),
        bearer=True,
    ),
    Explanation(
        "User name or password is wrong, the account wants OAuth 2.0 instead of a password, or SMTP AUTH is "
        "switched off for the mailbox: Microsoft's servers give the same answer to all three.",
        codes=(535,),
        enhanced=("5.7.3", "5.7.139"),
    ),
    Explanation(
        "The server refused the access token: it has expired, belongs to another account than the user "
        "name, or lacks the scope for mail (at Google https://mail.google.com/).",
        codes=(535,),
        bearer=True,
    ),
    Explanation(
        "User name or password is wrong, or it is the account's own password: Google takes none over SMTP. "
        "Use an app password (two-step verification must be on) or OAuth 2.0 with the scope "
        "https://mail.google.com/.",
        codes=(535,),
        words=("username and password not accepted", "gsmtp"),
    ),
    Explanation(
        "User name or password is wrong. Many providers want the whole address as user name, and an app "
        "password where two-step verification is on.",
        codes=(535,),
    ),
    Explanation(
        "The account's password has to be converted first: change it, or log in once with PLAIN under TLS.",
        codes=(432,),
    ),
    Explanation(
        _TLS_FIRST, words=("must issue a starttls", "starttls first", "starttls is required", "use starttls")
    ),
    Explanation(_TLS_FIRST, codes=(538,)),
    Explanation(_TLS_FIRST, enhanced=("5.7.10", "5.7.11")),
    Explanation(
        "The server cannot do TLS just now. Try again later; do not fall back to an open connection.",
        codes=(454,),
        words=("tls",),
    ),
    Explanation(_ASK_LATER, codes=(454,)),
    Explanation(_ASK_LATER, codes=(421, 451), words=("temporary authentication", "temporary auth")),
    Explanation(
        "The server takes no mail from strangers here. Log in: give a user name with a password or a token.",
        codes=(530,),
    ),
    Explanation(
        "The server finds this mechanism too weak for the account. Allow a stronger one, or use OAuth 2.0.",
        codes=(534,),
    ),
    Explanation(
        "The server does not take the mechanism it was asked to use. Restrict the session to another one.",
        codes=(504,),
        words=("mechanism", "authentication", "auth type"),
    ),
)
"""Logins, and commands that want one."""
