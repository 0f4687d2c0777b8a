"""A mail through Gmail with OAuth 2.0: the example of `emailSMTPSession`, transcribed line by line.

Needs a client of one's own, registered in Google's console as a desktop application: its name and secret in
the environment variables CLIENT_ID and CLIENT_SECRET, the mailbox in MAILBOX, the recipient in RECIPIENT.
`envoie_par_gmail.py` is the same in French.
"""

from __future__ import annotations

import os
import sys

from envoi.wlanguage import *

# The session, and what OAuth 2.0 needs to know
MySession = emailSMTPSession()
MyParameters = OAuth2Parameters()

MyParameters.ClientID = os.environ["CLIENT_ID"]
MyParameters.ClientSecret = os.environ.get("CLIENT_SECRET", "")
MyParameters.AuthURL = "https://accounts.google.com/o/oauth2/auth"
MyParameters.TokenURL = "https://accounts.google.com/o/oauth2/token"
MyParameters.Scope = "https://mail.google.com/"
MyParameters.RedirectionURL = "http://localhost:9000"
MyParameters.ResponseType = oauth2ResponseTypeCode

MySession.ServerAddress = "smtp.gmail.com"
MySession.Name = os.environ["MAILBOX"]
MySession.Password = ""
MySession.Port = 587
MySession.Option = emailOptionSecuredTLS
MySession.AuthToken = AuthIdentify(MyParameters)

if MySession.AuthToken is not None:
    # The token is there: open the session
    if not EmailStartSession(MySession):
        print("The session could not be opened.", ErrorInfo(), sep="\n")
        sys.exit("If nothing answered: does a firewall close port 587?")

    # What to say, and to whom
    MyEmail = Email()
    MyEmail.Sender = os.environ["MAILBOX"]
    Add(MyEmail.Recipient, os.environ["RECIPIENT"])
    MyEmail.Subject = "The summer report"
    MyEmail.Message = "Hello,\n\nhere it is.\n"

    if not EmailSendMessage(MySession, MyEmail):
        sys.exit(f"The mail was not sent: {ErrorInfo()}")
    print("Sent:", MyEmail.MessageID)

    EmailCloseSession(MySession)
else:
    sys.exit(f"Nobody signed in: {ErrorInfo()}")
