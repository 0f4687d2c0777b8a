"""The contestants, one file each: `opened(order)` connects and gives what sends so many messages.

Each uses its library as that library's documentation says, over connections that are kept, unless its name
says that it connects for each message. Who is measured where, and under which name, is in `bench.scenarios`.
"""
