"""`xiaoer audit`: the life of a request, for staff at the terminal."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import datetime

from actions.desk.rules import product_name
from actions.policydb.facts import AuditFacts, RequestFacts
from actions.policydb.queries import journal
from actions.policydb.session import reading
from xiaoer import clock
from xiaoer.errors import XiaoerError
from xiaoer.plain import plain

_ACTIONS = {
    "request_enable": "开通",
    "request_disable": "关闭",
    "request_appeal": "申诉",
    "request_take_back": "撤回",
    "ticket_open": "转人工",
    "ticket_reply": "人工回复",
    "ticket_close": "结束人工",
}
_STEPS = {"appealed": "提交申诉", "paid": "赔付", "refused": "拒赔", "withdrawn": "撤销"}
_STATES = {"done": "已办成", "pending": "等答复", "rejected": "未通过", "withdrawn": "已撤回"}


def run(options: argparse.Namespace) -> int:
    """Options: `receipt`, `who`, `last`, `json` as in `bot.command.cli`. Raises XiaoerError for a receipt nobody has."""
    if options.last < 1:
        raise XiaoerError(f"--last: expected 1 or more, got {options.last}")
    receipt = options.receipt.strip().upper()
    with reading() as session:
        lines = journal.lines(session, receipt=receipt, principal=options.who, limit=options.last)
        found = journal.request(session, receipt) if receipt else None
    if receipt and not lines and found is None:
        raise XiaoerError(f"没有这个回执号：{receipt}。回执号像 XR-7K3M9Q2DAB；xiaoer audit 列出最近的。")
    if options.json:
        for line in lines:
            print(plain(json.dumps(asdict(line), ensure_ascii=False, default=str)))
        return 0
    if found is not None:
        print(plain(_request(*found)))
    print(plain("\n".join(map(_line, lines))) if lines else "还没有记录。")
    return 0


def _request(request: RequestFacts, steps: tuple[tuple[str, datetime], ...]) -> str:
    about = request.shop or f"订单 {request.order_number}"
    rows = [
        f"回执号  {request.receipt}",
        f"办什么  {_ACTIONS['request_' + request.kind.value]} {product_name(request.product)}（{about}）",
        f"状态    {_STATES[request.state.value]}",
        f"提交    {_moment(request.created_at)}",
    ]
    if request.decided_at:
        rows.append(f"办结    {_moment(request.decided_at)}")
    agreed = json.loads(request.detail).get("agreed", {})
    rows += [f"当时念给对方听的  {name}：{value}" for name, value in agreed.items()]
    rows += [f"理赔进展  {_moment(at)} {_STEPS.get(kind, kind)}" for kind, at in steps]
    return "\n".join(rows) + "\n"


def _line(line: AuditFacts) -> str:
    changed = f"  {line.before} → {line.after}" if line.after else ""
    return (
        f"{_moment(line.at)}  {line.principal:<16} {_ACTIONS.get(line.action, line.action)}  {line.subject}  "
        f"{_STATES.get(line.outcome, line.outcome)}  {line.receipt}  对话 {line.conversation[:12]}{changed}"
    )


def _moment(at: datetime) -> str:
    return f"{clock.local(at):%Y-%m-%d %H:%M:%S}"
