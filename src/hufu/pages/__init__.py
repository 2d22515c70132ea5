"""Everything that is a page or a standard API: health, metrics, the development page."""
