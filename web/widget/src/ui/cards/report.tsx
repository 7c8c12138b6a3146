/** A shop's month: figures beside those of the month before, a chart of the last months, reasons, the file. */

import { Card, CardContent } from "@chatui/core/es/components/Card";
import { number, record, records, text } from "../../fields";
import { count, month, yuan, yuanShort } from "../../format";
import { fill } from "../../texts/panel";
import type { Figures, MonthSums, Reason, ReportCard } from "../../wire";
import { useShared } from "../context";
import { Chart, Swatch } from "../chart";
import { Bars } from "../icons";
import { Csv } from "./Csv";
import { Chip, Head, Lines } from "./parts";

const MONTHS = 6;
const REASONS = 5;
const SUMS = ["premium", "payout"] as const;
type Row = readonly [name: "policies" | "claims" | "claimRate" | "orders" | "returned" | "returnRate", field: keyof Figures, rate: boolean];
const ROWS: readonly Row[] = [
  ["policies", "policies", false],
  ["claims", "claims", false],
  ["claimRate", "claim_rate_bp", true],
  ["orders", "orders", false],
  ["returned", "returned", false],
  ["returnRate", "return_rate_bp", true],
];

export function Report({ card }: { card: ReportCard }) {
  const { t, lang } = useShared();
  const w = t.tasks;
  const [figures, before] = [record(card.figures), record(card.before)];
  const [now, previous] = [month(card.month, lang, true), month(card.previous, lang)];
  // The server compares a month that still runs with the same days of the one before.
  const partial = card.partial === true;
  const then = partial && previous ? fill(w.samePeriod, { month: previous }) : previous;
  const title = now ? fill(w.reportOf, { month: now }) : w.figures;
  return (
    <Card className="card report" role="group" aria-label={title}>
      <Head icon={<Bars />} title={title} chip={partial && <Chip tone="warn">{w.running}</Chip>} />
      <CardContent>
        <Lines first={text(card.shop) || text(card.shop_code)} more={[]} />
        <Sums figures={figures} before={before} then={then} />
        {partial && previous && <p class="note">{fill(w.runningNote, { month: month(card.month, lang), previous })}</p>}
        <Months series={records(card.series)} current={partial ? text(card.month) : ""} />
        <Comparison figures={figures} before={before} heads={[month(card.month, lang) || w.figures, then]} />
        <Reasons reasons={records(card.reasons)} />
        <Csv csv={card.csv} shop={text(card.shop_code)} month={text(card.month)} />
      </CardContent>
    </Card>
  );
}

/** Premium and payouts, large; their marks are the chart's legend. */
function Sums({ figures, before, then }: { figures: Figures; before: Figures; then: string }) {
  const { t } = useShared();
  const known = SUMS.filter((sum) => number(figures[`${sum}_fen`]) !== undefined);
  if (!known.length) return null;
  return (
    <dl class="sums">
      {known.map((sum) => {
        const amount = figures[`${sum}_fen`];
        const [words, last] = [yuan(amount) ?? "", yuan(before[`${sum}_fen`])];
        return (
          <div key={sum}>
            <dt>
              <Swatch series={SUMS.indexOf(sum)} />
              {t.tasks[sum]}
            </dt>
            <dd class={words.length > 9 ? "big long" : "big"}>{words}</dd>
            {last && (
              <dd class="last">
                {fill(t.tasks.lastMonth, { month: then, amount: last })} <Change now={amount} then={before[`${sum}_fen`]} />
              </dd>
            )}
          </div>
        );
      })}
    </dl>
  );
}

/** Hundredths of a per cent as tenths, as the text of the reply has them; a difference is one of figures as shown. */
function tenths(bp: number): number {
  return Math.floor((bp + 5) / 10);
}

function Change({ now, then, rate = false }: { now: unknown; then: unknown; rate?: boolean }) {
  const { t } = useShared();
  const w = t.tasks;
  const [to, from] = [number(now), number(then)];
  if (to === undefined || from === undefined) return null;
  const difference = Math.abs(rate ? tenths(to) - tenths(from) : to - from);
  if (difference === 0) return <span class="change">{w.same}</span>;
  if (!rate && from <= 0) return null;
  const words = rate ? fill(w.points, { count: difference / 10 }) : `${Math.max(1, Math.round((difference / from) * 100))}%`;
  return (
    <span class="change">
      <span class="arrow" aria-hidden="true">{to > from ? "▲" : "▼"}</span>
      <span class="unseen">{to > from ? w.up : w.down} </span>
      {words}
    </span>
  );
}

function shownRate(bp: unknown): string | undefined {
  const rate = number(bp);
  return rate === undefined ? undefined : `${(tenths(rate) / 10).toFixed(1)}%`;
}

function Months({ series, current }: { series: MonthSums[]; current: string }) {
  const { t, lang } = useShared();
  const w = t.tasks;
  const months = series.filter((each) => month(each.month, lang)).slice(-MONTHS);
  if (!months.some((each) => number(each.premium_fen) || number(each.payout_fen))) return null;
  const money = (fen: unknown): string => yuan(fen) ?? w.none;
  const years = new Set(months.map((each) => text(each.month).slice(0, 4))).size > 1;
  const groups = months.map((each, place) => {
    const year = text(each.month).slice(0, 4);
    const turned = years && year !== text(months[place - 1]?.month).slice(0, 4);
    return {
      label: month(each.month, lang),
      below: each.month === current ? w.chartSoFar : turned ? year : undefined,
      values: [number(each.premium_fen), number(each.payout_fen)] as const,
      title: fill(w.chartOne, { month: month(each.month, lang), premium: money(each.premium_fen), payout: money(each.payout_fen) }),
    };
  });
  const title = fill(w.chart, { count: months.length });
  return (
    <div class="months">
      <h3>{title}</h3>
      <Chart groups={groups} name={[title, ...groups.map((group) => group.title)].join("; ")} unit={(fen) => yuanShort(fen, lang)} />
      <details class="numbers">
        <summary>{w.chartNumbers}</summary>
        <table class="grid-table">
          <caption class="unseen">{title}</caption>
          <thead>
            <tr>
              <th scope="col">{w.month}</th>
              <th scope="col">{w.premium}</th>
              <th scope="col">{w.payout}</th>
            </tr>
          </thead>
          <tbody>
            {months.map((each, place) => (
              <tr key={place}>
                <th scope="row">{month(each.month, lang, true)}</th>
                <td>{money(each.premium_fen)}</td>
                <td>{money(each.payout_fen)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </div>
  );
}

function Comparison({ figures, before, heads }: { figures: Figures; before: Figures; heads: [string, string] }) {
  const { t } = useShared();
  const w = t.tasks;
  const rows = ROWS.filter(([, field]) => number(figures[field]) !== undefined);
  const older = rows.some(([, field]) => number(before[field]) !== undefined);
  if (!rows.length) return null;
  const shown = (value: unknown, rate: boolean): string => (rate ? shownRate(value) : count(value)) ?? "–";
  return (
    <table class="grid-table">
      <caption class="unseen">{w.figures}</caption>
      <thead>
        <tr>
          <th scope="col">{w.item}</th>
          <th scope="col">{heads[0]}</th>
          {older && <th scope="col">{heads[1]}</th>}
          {older && <th scope="col">{w.change}</th>}
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, field, rate]) => (
          <tr key={field}>
            <th scope="row">{w[name]}</th>
            <td class="this">{shown(figures[field], rate)}</td>
            {older && <td>{shown(before[field], rate)}</td>}
            {older && (
              <td>
                <Change now={figures[field]} then={before[field]} rate={rate} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Reasons({ reasons }: { reasons: Reason[] }) {
  const { t } = useShared();
  const w = t.tasks;
  const known = reasons.flatMap((each) => {
    const [name, cases] = [text(each.name) || text(each.reason), number(each.count) ?? 0];
    return name && cases > 0 ? [{ name, cases }] : [];
  });
  if (!known.length) return null;
  const [all, most] = [known.reduce((sum, each) => sum + each.cases, 0), Math.max(...known.map((each) => each.cases))];
  return (
    <div class="reasons">
      <h3>{w.reasons}</h3>
      <ol>
        {known.slice(0, REASONS).map(({ name, cases }, place) => (
          <li key={place}>
            <span class="reason-name">{name}</span>
            <span class="reason-count">
              {fill(w.reasonCount, { count: count(cases)! })} · {Math.round((cases / all) * 100)}%
            </span>
            <svg width="100%" height="8" aria-hidden="true" focusable="false">
              <rect class="track" width="100%" height="8" rx="4" />
              <rect class="part" width={`${Math.max(2, Math.round((cases / most) * 100))}%`} height="8" rx="4" />
            </svg>
          </li>
        ))}
      </ol>
    </div>
  );
}
