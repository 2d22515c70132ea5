"""The `hufu` command."""
