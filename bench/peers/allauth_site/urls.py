"""The library's own calls, and a profile, guarded as its documentation on Django Ninja says."""

from allauth.headless.contrib.ninja.security import x_session_token_auth
from django.urls import include, path
from ninja import NinjaAPI, Schema

api = NinjaAPI(docs_url=None, openapi_url=None)


class Profile(Schema):
    """One field of the user's row."""

    first_name: str


@api.patch("/me", auth=[x_session_token_auth], response=Profile)
def change(request, sent: Profile):
    request.user.first_name = sent.first_name
    request.user.save(update_fields=["first_name"])
    return request.user


urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("_allauth/", include("allauth.headless.urls")),
    path("api/", api.urls),
]
