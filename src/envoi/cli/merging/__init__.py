"""What is behind ``envoi merge``: the template from options, a look at a mail, sending rows at a pace.

`journal` is what makes resuming safe, `mailing` sends and writes it, `pace` says when, `tally` counts what
became of the rows, `tallies`, `preview` and `counter` show it. The command itself is `envoi.cli.merge`.
"""
