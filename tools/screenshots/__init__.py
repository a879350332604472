"""Make the pictures in ``docs/images``: ``make screenshots``, or ``python -m tools.screenshots``.

Everything in them is real: a server on a data folder of its own, its commands in a terminal, Chromium in front of its
page, of the chat overlay of the documentation and of the console. It needs the free ports 4337, 4330, 8080 and 7474, so
that the pictures show the usual addresses, the JavaScript clients of the tests, the console built, a network that this
machine is in, and a POSIX system.
"""
