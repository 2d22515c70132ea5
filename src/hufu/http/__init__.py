"""Serving HTTP/1.1 to an ASGI application, with bounds on all that a client can take."""
