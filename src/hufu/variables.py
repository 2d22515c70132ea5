"""The names of the variables that the environment is read for. Loads nothing else."""

PREFIX = "HUFU_"
"""Of those that hold a setting."""
CONFIG_VARIABLE = "HUFU_CONFIG"
"""The configuration file."""
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client, which looks for it as it is loaded, has the figures of all workers."""
