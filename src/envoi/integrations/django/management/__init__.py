"""Commands of ``manage.py``, one module each in `commands`.

Django looks for them here. Those of envoi itself are in `envoi.cli`.
"""
