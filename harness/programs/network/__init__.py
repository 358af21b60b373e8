"""The network of an unmodified program: sockets over a model of TCP, and names.

trio's sockets (`trio_sockets`) and those of asyncio's selector (`descriptors`) are over `sockets`;
these open connections of `tcp` on the host's `machine`, whose segments go over the world's links.
"""
