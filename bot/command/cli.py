"""The `xiaoer` command. Each subcommand is a row of COMMANDS; `main` returns the exit code."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.command import lines
from bot.command.quiet import quiet
from bot.engine.imports import without_tensorflow
from xiaoer import clock, settings
from xiaoer.errors import XiaoerError
from xiaoer.plain import plain
from xiaoer.principal import Principal, Source, parse_principal

if TYPE_CHECKING:
    from bot.command.inprocess import Exchange

ANYBODY = "buyer:ID|seller:ID|visitor"


@dataclass(frozen=True)
class Command:
    """A subcommand. arguments: says what it takes; run: does it, and returns the exit code."""

    name: str
    help: str
    run: Callable[[argparse.Namespace], int]
    arguments: Callable[[argparse.ArgumentParser], object] = lambda parser: None


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command: 0 = done, 1 = not possible (the reason is on standard error), 2 = wrong usage."""
    parser = argparse.ArgumentParser(prog="xiaoer", description="险小二：淘宝、天猫电商保险问答助手")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        added = commands.add_parser(command.name, help=command.help)
        command.arguments(added)
        added.set_defaults(run=command.run)
    options = parser.parse_args(arguments)
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


def _principal(text: str) -> Principal:
    try:
        return parse_principal(text, Source.COMMAND)
    except ValueError as error:
        raise XiaoerError(f"--as: {error}") from None


# ---------------------------------------------------------------------- ask


def _ask_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "question",
        nargs="?",
        help="the question; without it, lines of standard input: text, or an object (docs/design.md, The command)",
    )
    parser.add_argument("--as", dest="who", default="visitor", metavar=ANYBODY)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def _ask(options: argparse.Namespace) -> int:
    from bot.engine.training.models import model_or_raise

    quiet()
    asker = _principal(options.who)
    model = model_or_raise()
    without_tensorflow()
    from actions.policydb import admin
    from bot.command.inprocess import Assistant

    async def run() -> int:
        assistant = Assistant(model)
        failed = False
        if admin.is_missing():  # as `make chat` does; it says nothing on the output, which is for replies
            admin.prepare()
        one = options.question is not None
        for line in [lines.Line(options.question, asker)] if one else lines.read(sys.stdin.buffer, asker):
            send = assistant.press if line.pressed else assistant.say
            with clock.on_day(line.today):
                exchange = await send(line.text, line.principal, line.id)
            exchange = replace(exchange, conversation=line.conversation)
            if options.json:
                print(json.dumps(exchange.record(), ensure_ascii=False), flush=True)
            else:
                _print(exchange, with_question=not one)
            failed = failed or not exchange.replies
        return int(failed)

    return asyncio.run(run())


def _print(exchange: Exchange, *, with_question: bool) -> None:
    if with_question:
        print(f"问：{exchange.text}")
    print(exchange.reply)
    for button in exchange.record()["buttons"]:
        print(f"  [{button['title']}]")
    if with_question:
        print()


# ---------------------------------------------------------------------- the rest


def _chat(options: argparse.Namespace) -> int:
    from bot.command import serve

    return serve.chat()


def _shell_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as", dest="who", default="visitor", metavar=ANYBODY)


def _shell(options: argparse.Namespace) -> int:
    from bot.command import serve

    who = str(_principal(options.who))
    if not sys.stdin.isatty():
        raise XiaoerError('make shell 需要一个终端。没有终端时请用：xiaoer ask --as buyer:demo "我这单有运费险吗"')
    return serve.shell(who)


def _train_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true")


def _train(options: argparse.Namespace) -> int:
    from bot.command import serve

    print(f"模型：{serve.train(force=options.force).relative_to(settings.ROOT)}")
    return 0


def _db_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        choices=["upgrade", "seed", "status"],
        help="seed = make the demo accounts anew: what they did goes, and is counted",
    )


def _db(options: argparse.Namespace) -> int:
    from actions.policydb import admin

    for name, value in getattr(admin, options.what)().items():
        counts = value.items() if isinstance(value, dict) else ()
        print(f"{name}: {', '.join(f'{each} {count}' for each, count in counts) if counts else value}")
    return 0


def _token_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as", dest="who", required=True, metavar="buyer:ID|seller:ID")
    parser.add_argument("--order", default="", help="order number of the page it stands for")
    parser.add_argument("--minutes", type=int, default=60, help="how long it is good (at most 60)")


def _token(options: argparse.Namespace) -> int:
    principal = _principal(options.who)
    if principal.is_visitor:
        raise XiaoerError("--as: expected buyer:ID or seller:ID, got 'visitor'; a visitor needs no token")
    if not 1 <= options.minutes <= 60:
        raise XiaoerError(f"--minutes: expected 1 to 60, got {options.minutes}")
    # Without a key of the operator's, the key that `make chat` has made signs.
    if not (settings.get("XIAOER_JWT_KEY") or settings.get("XIAOER_JWT_KEY_FILE")):
        os.environ["XIAOER_DEMO"] = "1"
    quiet()
    from bot.channel.guard import keys
    from bot.channel.guard.identity import Identity

    known = keys.load()
    if not known.signs:
        raise XiaoerError(f"{known.algorithm}: only the page's own back end has the private key; let it sign")
    print(Identity(known).demo_token(replace(principal, order=options.order), seconds=60 * options.minutes))
    return 0


def _tickets_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(required=True, dest="what", metavar="list|show|reply|close")
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


def _tickets(options: argparse.Namespace) -> int:
    from bot.staff import tickets

    return tickets.run(options)


def _audit_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("receipt", nargs="?", default="", help="a receipt (XR-…) or a ticket number")
    parser.add_argument("--as", dest="who", default="", metavar="buyer:ID|seller:ID|staff:NAME", help="only theirs")
    parser.add_argument("--last", type=int, default=20, metavar="N", help="the newest N lines (default 20)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def _audit(options: argparse.Namespace) -> int:
    from bot.staff import audit

    return audit.run(options)


def _kb_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["lint"])
    parser.add_argument("--coverage", action="store_true", help="print product x topic x audience")


def _kb(options: argparse.Namespace) -> int:
    from knowledge.lint.__main__ import main as lint

    return lint(["--root", settings.get("XIAOER_KNOWLEDGE"), *(["--coverage"] if options.coverage else [])])


def _report_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", nargs="?", choices=["-"], help="- = questions from standard input, one a line")
    parser.add_argument("--days", type=int, default=30, help="how far back (default: 30)")
    parser.add_argument("--role", choices=["buyer", "seller", "visitor"], help="only what these asked")
    parser.add_argument("--limit", type=int, default=20, help="how many groups (default: 20)")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--html", metavar="FILE", help="write a page that stands on its own")
    parser.add_argument(
        "--draft", metavar="GROUP", help="a group's number or id: draft article and phrases in var/drafts"
    )
    parser.add_argument("--topic", metavar="ID", help="with --draft: the topic of the article")
    parser.add_argument("--product", metavar="ID", help="with --draft: the product of the article")


def _report(options: argparse.Namespace) -> int:
    _check_report(options)
    quiet()
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


COMMANDS = (
    Command("ask", "ask without a server; one fresh conversation a line", _ask, _ask_arguments),
    Command("chat", "set up what is missing and serve the demo shop with the widget", _chat),
    Command("shell", "rasa shell as a demo account, with the action server behind it", _shell, _shell_arguments),
    Command("train", "train if the model is older than what it is made of", _train, _train_arguments),
    Command("db", "the policy database", _db, _db_arguments),
    Command("token", "a signed token for trying the widget", _token, _token_arguments),
    Command("tickets", "answer what was handed to a person", _tickets, _tickets_arguments),
    Command("audit", "what was asked of the desk and what became of it", _audit, _audit_arguments),
    Command("kb", "knowledge checks", _kb, _kb_arguments),
    Command(
        "report", "what was asked and not answered, grouped; drafts of what is missing", _report, _report_arguments
    ),
    Command("doctor", "what is missing, and how to mend it", _doctor),
)


if __name__ == "__main__":
    sys.exit(main())
