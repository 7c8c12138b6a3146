"""Serves the built widget and, in demo mode, the demo shop. Files and addresses are listed at start: no path is built
from a request."""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path

from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from xiaoer.settings import ROOT

DIST = ROOT / "web" / "widget" / "dist"
DEMO = ROOT / "web" / "widget" / "demo"
PAGES = {"/": "index.html", "/seller": "seller.html", "/public": "public.html"}
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(?::\d{1,5})?|\[[0-9a-fA-F:]{2,39}\](?::\d{1,5})?")
_SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


def policy(host: str) -> str:
    """The Content-Security-Policy of the demo pages, the one that docs/embed.md tells host pages."""
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""  # older Safari: 'self' is http alone
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"connect-src 'self'{sockets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def widget_files(folder: Path = DIST) -> dict[str, Path]:
    """Address -> file of the built widget: everything in `dist`, at the root."""
    return {f"/{path.relative_to(folder)}": path for path in sorted(folder.rglob("*")) if path.is_file()}


def demo_files(folder: Path = DEMO) -> dict[str, Path]:
    """Address -> file of the demo shop: its pages at short addresses, the rest below /demo/."""
    files = {f"/demo/{path.relative_to(folder)}": path for path in sorted(folder.rglob("*")) if path.is_file()}
    pages = {address: folder / name for address, name in PAGES.items() if (folder / name).is_file()}
    return {**files, **pages}


def add_widget(blueprint: Blueprint) -> None:
    """The built widget. Pages of any origin may load it: it holds nothing secret."""
    anybody = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
    for number, (address, path) in enumerate(widget_files().items()):
        _add(blueprint, f"widget_{number}", address, path, {**_SAFE, **anybody})


def add_demo(blueprint: Blueprint, app: Sanic) -> None:
    """The demo shop. Rasa has taken `/` for itself, so that page is answered before the router's handler."""
    files = demo_files()
    front = files.pop("/", None)
    for number, (address, path) in enumerate(files.items()):
        _add(blueprint, f"demo_{number}", address, path, _SAFE)
    if front is None:
        return

    async def front_page(request: Request) -> HTTPResponse | None:
        return _file(request, front, _SAFE) if request.path == "/" and request.method == "GET" else None

    app.register_middleware(front_page, "request")


def _add(blueprint: Blueprint, name: str, address: str, path: Path, headers: dict[str, str]) -> None:
    async def serve(request: Request) -> HTTPResponse:
        return _file(request, path, headers)

    blueprint.add_route(serve, address, methods=["GET"], name=name)


def _file(request: Request, path: Path, headers: dict[str, str]) -> HTTPResponse:
    """The file; 304 where the browser has it."""
    try:
        state = path.stat()
    except OSError:
        return response.text("404", status=404)
    tag = f'"{state.st_mtime_ns:x}-{state.st_size:x}"'
    headers = {**headers, "ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return response.empty(status=304, headers=headers)
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if kind == "text/html":
        headers["Content-Security-Policy"] = policy(str(request.headers.get("host", "")))
    if kind.startswith("text/") or kind.endswith(("javascript", "json")):
        kind += "; charset=utf-8"
    return response.raw(path.read_bytes(), content_type=kind, headers=headers)
