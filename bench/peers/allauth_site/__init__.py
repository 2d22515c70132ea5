"""django-allauth, headless, as its documentation sets it up."""
