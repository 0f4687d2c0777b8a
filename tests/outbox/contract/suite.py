"""What every engine must do: one suite, run for each engine in each colour.

A test takes the fixture `store` and awaits the port alone. An engine's own test module inherits nothing: it
gives the fixture, and imports the tests of this folder.
"""
