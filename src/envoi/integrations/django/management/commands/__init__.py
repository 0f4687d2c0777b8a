"""The commands themselves: ``manage.py envoi_worker``.

Each wires what the settings say; what it does is done elsewhere.
"""
