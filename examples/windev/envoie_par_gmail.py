"""Un courriel par Gmail avec OAuth 2.0 : l'exemple de `emailSessionSMTP`, transcrit ligne par ligne.

Il faut un client à soi, déclaré dans la console de Google comme application de bureau : son nom et son secret
dans les variables d'environnement CLIENT_ID et CLIENT_SECRET, la boîte dans MAILBOX, le destinataire dans
RECIPIENT. `send_through_gmail.py` est le même en anglais.
"""

from __future__ import annotations

import os
import sys

from envoi.wlanguage import *

# La session, et ce qu'OAuth 2.0 doit savoir
MaSession = emailSessionSMTP()
MesParamètres = OAuth2Paramètres()

MesParamètres.ClientID = os.environ["CLIENT_ID"]
MesParamètres.ClientSecret = os.environ.get("CLIENT_SECRET", "")
MesParamètres.URLAuth = "https://accounts.google.com/o/oauth2/auth"
MesParamètres.URLToken = "https://accounts.google.com/o/oauth2/token"
MesParamètres.Scope = "https://mail.google.com/"
MesParamètres.URLRedirection = "http://localhost:9000"
MesParamètres.TypeRéponse = oauth2TypeRéponseCode

MaSession.AdresseServeur = "smtp.gmail.com"
MaSession.Nom = os.environ["MAILBOX"]
MaSession.MotDePasse = ""
MaSession.Port = 587
MaSession.Option = emailOptionSécuriséTLS
MaSession.AuthToken = AuthIdentifie(MesParamètres)

if MaSession.AuthToken is not None:
    # Le jeton est là : ouvrir la session
    if not EmailOuvreSession(MaSession):
        print("La session n'a pas pu être ouverte.", ErreurInfo(), sep="\n")
        sys.exit("Si rien n'a répondu : un pare-feu ferme-t-il le port 587 ?")

    # Quoi dire, et à qui
    MonEmail = Email()
    MonEmail.Expéditeur = os.environ["MAILBOX"]
    Ajoute(MonEmail.Destinataire, os.environ["RECIPIENT"])
    MonEmail.Sujet = "Le rapport d'été"
    MonEmail.Message = "Bonjour,\n\nle voici.\n"

    if not EmailEnvoieMessage(MaSession, MonEmail):
        sys.exit(f"Le courriel n'est pas parti : {ErreurInfo()}")
    print("Envoyé :", MonEmail.MessageID)

    EmailFermeSession(MaSession)
else:
    sys.exit(f"Personne ne s'est identifié : {ErreurInfo()}")
