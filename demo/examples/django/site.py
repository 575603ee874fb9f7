"""
A Django site with the chat on one of its pages, in one file.

    apt install python3-django python3-jwt        (or: pip install django pyjwt)
    CHAT_URL=http://localhost:8000 JWT_SECRET=… python3 site.py runserver 8001

CHAT_URL is the address of the chat backend. JWT_SECRET is the key with which the backend verifies tokens (with
djangorestframework-simplejwt: SIGNING_KEY). Open /login/1 to sign in as user 1. List this site in the backend's
ALLOWED_ORIGINS.
"""
import os
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import jwt
from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import FileResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path

HERE = Path(__file__).resolve().parent
CHAT_URL = os.environ.get("CHAT_URL", "http://localhost:8000")
# The output of `npm run build`. In production, serve it as static files under a URL that contains the version.
CHAT_FILES = Path(os.environ.get("CHAT_FILES", HERE / "../../../dist")).resolve()
TOKEN_LIFE = timedelta(minutes=10)

settings.configure(
    DEBUG=os.environ.get("DEBUG") == "1",
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    SECRET_KEY=os.environ.get("SECRET_KEY", "for a demonstration only"),
    ROOT_URLCONF=__name__,
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    SESSION_COOKIE_SAMESITE="Lax",
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [HERE]}],
)


def page(request):
    response = render(request, "page.html", {"chat_url": CHAT_URL, "user_id": request.session.get("user_id")})
    socket = CHAT_URL.replace("http", "ws", 1)
    response["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'self'; "
        f"img-src 'self' data: {CHAT_URL}; connect-src 'self' {CHAT_URL} {socket}; require-trusted-types-for 'script'"
    )
    return response


def login(request, user_id):
    """A placeholder for the sign-in of your site."""
    request.session["user_id"] = user_id
    return redirect("/")


def logout(request):
    request.session.flush()
    return redirect("/")


def chat_token(request):
    """The endpoint named by `token-url`. It answers signed-out visitors with 401, not with a redirect to the sign-in page:
    on 401, the chat shows that the user is not signed in."""
    user_id = request.session.get("user_id")
    if user_id is None:
        return JsonResponse({}, status=401)
    now = datetime.now(timezone.utc)
    # djangorestframework-simplejwt rejects a token without `token_type` or `jti`.
    claims = {"user_id": user_id, "token_type": "access", "jti": uuid4().hex, "iat": now, "exp": now + TOKEN_LIFE}
    return JsonResponse({"token": jwt.encode(claims, os.environ["JWT_SECRET"], algorithm="HS256")})


def chat_file(_request, name):
    file = (CHAT_FILES / name).resolve()
    if CHAT_FILES not in file.parents or not file.is_file():
        return JsonResponse({"detail": "File not found. Run `npm run build` first."}, status=404)
    return FileResponse(file.open("rb"), content_type="text/javascript")


def style(_request):
    return FileResponse((HERE / "../example.css").open("rb"), content_type="text/css")


urlpatterns = [
    path("", page),
    path("login/<int:user_id>", login),
    path("logout", logout),
    path("chat-token/", chat_token, name="chat-token"),
    path("chat/<path:name>", chat_file),
    path("example.css", style),
]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
