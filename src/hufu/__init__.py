"""One account server that answers old clients in the protocols they already speak."""

__version__ = "0.1.0"
