"""Servers that take every mail, so that what is measured is the sender.

`here` starts one of them and ends it with the block: the C sink, which is compiled when there is a compiler;
the same in asyncio, where there is none; Postfix's smtp-sink; a whole Postfix. Each is a process of its own.
`python -m bench.sinks` keeps one open for measurements by hand.
"""
