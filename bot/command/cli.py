"""The `xiaoer` command. Each subcommand is a function; `main` returns the exit code."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.engine.imports import without_tensorflow
from xiaoer import clock, settings
from xiaoer.errors import XiaoerError
from xiaoer.plain import plain
from xiaoer.principal import Principal, Source, parse_principal


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command: 0 = done, 1 = not possible (the reason is on standard error), 2 = wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except XiaoerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n已停止。")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="xiaoer", description="险小二：淘宝、天猫电商保险问答助手")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    ask = commands.add_parser("ask", help="ask without a server; one fresh conversation a line")
    ask.add_argument("question", nargs="?", help="the question; without it, lines of standard input")
    ask.add_argument("--as", dest="who", default="visitor", metavar="buyer:ID|seller:ID|visitor")
    ask.add_argument("--json", action="store_true", help="one JSON object a line")
    ask.set_defaults(run=_ask)

    chat = commands.add_parser("chat", help="set up what is missing and serve the demo shop with the widget")
    chat.set_defaults(run=_chat)

    shell = commands.add_parser("shell", help="rasa shell as a demo account, with the action server behind it")
    shell.add_argument("--as", dest="who", default="visitor", metavar="buyer:ID|seller:ID|visitor")
    shell.set_defaults(run=_shell)

    train = commands.add_parser("train", help="train if the model is older than what it is made of")
    train.add_argument("--force", action="store_true")
    train.set_defaults(run=_train)

    database = commands.add_parser("db", help="the policy database")
    database.add_argument(
        "what",
        choices=["upgrade", "seed", "status"],
        help="seed = make the demo accounts anew: what they did goes, and is counted",
    )
    database.set_defaults(run=_db)

    token = commands.add_parser("token", help="a signed token for trying the widget")
    token.add_argument("--as", dest="who", required=True, metavar="buyer:ID|seller:ID")
    token.add_argument("--order", default="", help="order number of the page it stands for")
    token.add_argument("--minutes", type=int, default=60, help="how long it is good (at most 60)")
    token.set_defaults(run=_token)

    tickets = commands.add_parser("tickets", help="answer what was handed to a person")
    what = tickets.add_subparsers(required=True, dest="what", metavar="list|show|reply|close")
    several = what.add_parser("list", help="open tickets, the longest waiting first")
    several.add_argument("--all", action="store_true", help="closed ones too")
    show = what.add_parser("show", help="one ticket with all that was said")
    reply = what.add_parser("reply", help="say something to the asker")
    close = what.add_parser("close", help="close a ticket; the assistant answers again")
    for one in (show, reply, close):
        one.add_argument("number", metavar="NUMBER")
    reply.add_argument("text", nargs="+", metavar="TEXT")
    for printed in (several, show):
        printed.add_argument("--json", action="store_true")
    tickets.set_defaults(run=_tickets)

    audit = commands.add_parser("audit", help="what was asked of the desk and what became of it")
    audit.add_argument("receipt", nargs="?", default="", help="a receipt (XR-…) or a ticket number")
    audit.add_argument("--as", dest="who", default="", metavar="buyer:ID|seller:ID|staff:NAME", help="only theirs")
    audit.add_argument("--last", type=int, default=20, metavar="N", help="the newest N lines (default 20)")
    audit.add_argument("--json", action="store_true", help="one JSON object a line")
    audit.set_defaults(run=_audit)

    kb = commands.add_parser("kb", help="knowledge checks")
    kb.add_argument("what", choices=["lint"])
    kb.add_argument("--coverage", action="store_true", help="print product x topic x audience")
    kb.set_defaults(run=_kb)

    report = commands.add_parser("report", help="what was asked and not answered, grouped; drafts of what is missing")
    report.add_argument("source", nargs="?", choices=["-"], help="- = questions from standard input, one a line")
    report.add_argument("--days", type=int, default=30, help="how far back (default: 30)")
    report.add_argument("--role", choices=["buyer", "seller", "visitor"], help="only what these asked")
    report.add_argument("--limit", type=int, default=20, help="how many groups (default: 20)")
    report.add_argument("--json", action="store_true", help="one JSON object")
    report.add_argument("--html", metavar="FILE", help="write a page that stands on its own")
    report.add_argument(
        "--draft", metavar="GROUP", help="a group's number or id: draft article and phrases in var/drafts"
    )
    report.add_argument("--topic", metavar="ID", help="with --draft: the topic of the article")
    report.add_argument("--product", metavar="ID", help="with --draft: the product of the article")
    report.set_defaults(run=_report)

    doctor = commands.add_parser("doctor", help="what is missing, and how to mend it")
    doctor.set_defaults(run=_doctor)
    return parser


def _principal(text: str) -> Principal:
    try:
        return parse_principal(text, Source.COMMAND)
    except ValueError as error:
        raise XiaoerError(f"--as: {error}") from None


# ---------------------------------------------------------------------- ask


def _questions(options: argparse.Namespace, lines: Iterable[str]) -> Iterable[tuple[str, Principal]]:
    """Each question with who asks it: from the argument, or a line each, plain or {"text", "as"?}."""
    default = _principal(options.who)
    if options.question is not None:
        yield options.question, default
        return
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\r\n")
        if not line.strip():
            continue
        if not line.lstrip().startswith("{"):
            yield line, default
            continue
        try:
            data = json.loads(line)
            text, who = data["text"], data.get("as")
            if not isinstance(text, str) or not isinstance(who, (str, type(None))):
                raise TypeError("text and as must be strings")
        except (ValueError, KeyError, TypeError) as error:
            raise XiaoerError(
                f'line {number}: expected {{"text": "...", "as"?: "buyer:ID"}}, got {line[:80]!r} ({error})'
            ) from None
        yield text, _principal(who) if who else default


def _ask(options: argparse.Namespace) -> int:
    from bot.engine.training.models import model_or_raise

    _quiet()
    _principal(options.who)
    model = model_or_raise()
    without_tensorflow()
    from bot.command.inprocess import Assistant

    async def run() -> int:
        assistant = Assistant(model)
        failed = False
        for text, principal in _questions(options, sys.stdin):
            exchange = await assistant.say(text, principal)
            if options.json:
                print(json.dumps(exchange.record(), ensure_ascii=False), flush=True)
            else:
                if options.question is None:
                    print(f"问：{text}")
                print(exchange.reply)
                for button in exchange.record()["buttons"]:
                    print(f"  [{button['title']}]")
                if options.question is None:
                    print()
            failed = failed or not exchange.replies
        return int(failed)

    return asyncio.run(run())


def _quiet() -> None:
    """Rasa and TensorFlow warn by the hundred while being imported; a person asked a question."""
    os.environ.update(
        {
            "RASA_TELEMETRY_ENABLED": "false",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
            "CUDA_VISIBLE_DEVICES": "",
        }
    )
    if not sys.warnoptions:
        import sanic.app  # noqa: F401  (it switches warnings of deprecation on while it is imported)

        warnings.simplefilter("ignore")
    import logging

    level = os.environ.get("LOG_LEVEL", "ERROR").upper()
    logging.basicConfig(level=level, stream=sys.stderr)
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)))


# ---------------------------------------------------------------------- the rest


def _chat(options: argparse.Namespace) -> int:
    from bot.command import serve

    return serve.chat()


def _shell(options: argparse.Namespace) -> int:
    from bot.command import serve

    who = str(_principal(options.who))
    if not sys.stdin.isatty():
        raise XiaoerError('make shell 需要一个终端。没有终端时请用：xiaoer ask --as buyer:demo "我这单有运费险吗"')
    return serve.shell(who)


def _train(options: argparse.Namespace) -> int:
    from bot.command import serve

    print(f"模型：{serve.train(force=options.force).relative_to(settings.ROOT)}")
    return 0


def _db(options: argparse.Namespace) -> int:
    from actions.policydb import admin

    for name, value in getattr(admin, options.what)().items():
        counts = value.items() if isinstance(value, dict) else ()
        print(f"{name}: {', '.join(f'{each} {count}' for each, count in counts) if counts else value}")
    return 0


def _token(options: argparse.Namespace) -> int:
    principal = _principal(options.who)
    if principal.is_visitor:
        raise XiaoerError("--as: expected buyer:ID or seller:ID, got 'visitor'; a visitor needs no token")
    if not 1 <= options.minutes <= 60:
        raise XiaoerError(f"--minutes: expected 1 to 60, got {options.minutes}")
    # Without a key of the operator's, the key that `make chat` has made signs.
    if not (settings.get("XIAOER_JWT_KEY") or settings.get("XIAOER_JWT_KEY_FILE")):
        os.environ["XIAOER_DEMO"] = "1"
    _quiet()
    from bot.channel.guard import keys
    from bot.channel.guard.identity import Identity

    known = keys.load()
    if not known.signs:
        raise XiaoerError(f"{known.algorithm}: only the page's own back end has the private key; let it sign")
    print(Identity(known).demo_token(replace(principal, order=options.order), seconds=60 * options.minutes))
    return 0


def _tickets(options: argparse.Namespace) -> int:
    from bot.staff import tickets

    return tickets.run(options)


def _audit(options: argparse.Namespace) -> int:
    from bot.staff import audit

    return audit.run(options)


def _kb(options: argparse.Namespace) -> int:
    from knowledge.lint.__main__ import main as lint

    return lint(["--root", settings.get("XIAOER_KNOWLEDGE"), *(["--coverage"] if options.coverage else [])])


def _report(options: argparse.Namespace) -> int:
    _check_report(options)
    _quiet()
    from bot.staff.unanswered import draft, grouping, store
    from bot.staff.unanswered import report as reporting
    from knowledge import load

    today = clock.today()
    since = today - timedelta(days=options.days - 1) if options.source is None else None
    if since is not None:
        asked = store.read(since, options.role)
    else:
        asked = [each for each in reporting.read_lines(sys.stdin) if options.role in (None, each.role)]
    knowledge = load(settings.get("XIAOER_KNOWLEDGE"))
    encoder = grouping.configured_encoder() if asked else None
    report = reporting.Report(
        grouping.group(asked, knowledge, encoder),
        knowledge,
        options.limit,
        encoder=encoder.name if encoder else None,
        since=since,
        until=today if since is not None else None,
        role=options.role,
    )
    if options.draft is not None:
        group = draft.find(report.grouped.groups, options.draft)
        product, topic = draft.place_for(group, knowledge, options.topic, options.product)
        print(draft.next_steps(group, knowledge, draft.write(group, knowledge, product, topic)))
        return 0
    if options.html is not None:
        _write_page(Path(options.html), reporting.page(report, today))
    if options.json:
        print(json.dumps(reporting.record(report), ensure_ascii=False, indent=1))
    elif options.html is None:
        print(plain(reporting.terminal(report)))
    return 0


def _check_report(options: argparse.Namespace) -> None:
    """Raises XiaoerError for what cannot be meant, before anything slow is done."""
    for name, most in (("days", 3650), ("limit", 1000)):
        if not 1 <= getattr(options, name) <= most:
            raise XiaoerError(f"--{name}: expected 1 to {most}, got {getattr(options, name)}")
    if options.draft is None and (options.topic or options.product):
        raise XiaoerError("--topic and --product say what a draft is about: give --draft GROUP as well")
    if options.draft is not None and (options.json or options.html):
        raise XiaoerError("--draft writes a draft and no report: leave --json and --html out")
    if options.html is not None and Path(options.html).suffix not in (".html", ".htm"):
        raise XiaoerError(f"--html: expected a file name that ends in .html, got {options.html!r}")


def _write_page(file: Path, page: str) -> None:
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise XiaoerError(f"--html: {file} cannot be written ({error.strerror})") from error
    print(f"已写入 {file}", file=sys.stderr)


def _doctor(options: argparse.Namespace) -> int:
    from bot.command import doctor

    return doctor.main()


if __name__ == "__main__":
    sys.exit(main())
