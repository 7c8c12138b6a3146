/** Cards of a shop: its services, the conditions it meets, what cover would cost it. */

import { Card, CardContent } from "@chatui/core/es/components/Card";
import { record, records, text } from "../../fields";
import { count, day, percent, yuan, yuanRange } from "../../format";
import { fill } from "../../texts/panel";
import type { Check as CheckRow, EligibilityCard, QuoteCard, ServiceRow, ServicesCard } from "../../wire";
import { useShared } from "../context";
import { Coins, Cross, Check, Question, Shop, Tasks } from "../icons";
import { Chip, Fact, Head, Lines, Rules, RuleText, type Tone } from "./parts";

function ServiceLine({ row }: { row: ServiceRow }) {
  const { t, lang } = useShared();
  const [from, to] = [day(row.since, lang), day(row.until, lang)];
  const on = row.state === "on";
  const when = on || !to ? from && fill(t.since, { date: from }) : fill(t.period, { from: from ?? "…", to });
  const fee = on ? yuan(row.fee_fen) : undefined;
  return (
    <li class="service">
      <Lines first={text(row.product_name) || text(row.product)} more={[when, fee && (row.fee_fen ? fill(t.perOrder, { amount: fee }) : t.free)]} />
      <Chip tone={on ? "good" : "calm"}>{on ? t.serviceOn : t.serviceEnded}</Chip>
    </li>
  );
}

export function Services({ card }: { card: ServicesCard }) {
  const { t } = useShared();
  return (
    <>
      {records(card.shops).map((shop, place) => {
        const [title, rows, risk] = [text(shop.name) || text(shop.code), records(shop.services), percent(shop.risk_rate_bp)];
        return (
          <Card key={place} className="card" role="group" aria-label={title}>
            <Head icon={<Shop />} title={title} />
            <CardContent>
              {rows.length ? (
                <ul class="services">
                  {rows.map((row, at) => (
                    <ServiceLine key={at} row={row} />
                  ))}
                </ul>
              ) : (
                <p class="empty">{t.noServices}</p>
              )}
              {risk && <p class="risk">{t.shopRisk} {risk}</p>}
            </CardContent>
          </Card>
        );
      })}
    </>
  );
}

// ---------------------------------------------------------------------- conditions

type State = "pass" | "fail" | "unknown";
const MARKS: Record<State, typeof Check> = { pass: Check, fail: Cross, unknown: Question };

/** What the server does not call passed or failed is not known: never a tick by mistake. */
const stateOf = (check: CheckRow): State => (check.state === "pass" || check.state === "fail" ? check.state : "unknown");

function CheckLine({ check }: { check: CheckRow }) {
  const { t } = useShared();
  const state = stateOf(check);
  const Mark = MARKS[state];
  const line = (
    <>
      <span class="mark"><Mark /></span>
      <span class="check-name">{text(check.name) || text(check.id)}</span>
      <span class="check-figure">{text(check.figure)}</span>
      <span class="check-word">{t.tasks.checkStates[state]}</span>
    </>
  );
  const remedy = state !== "pass" && text(check.remedy);
  return (
    <li class={`check ${state}`}>
      {text(record(check.rule).text) ? (
        <details>
          <summary class="check-line">{line}</summary>
          <RuleText rule={check.rule} />
        </details>
      ) : (
        <div class="check-line">{line}</div>
      )}
      {remedy && (
        <p class="remedy">
          <b>{t.tasks.remedy}</b>
          {remedy}
        </p>
      )}
    </li>
  );
}

/** folded: what is met is folded away, where several cards come at once. */
export function Eligibility({ card, folded = false }: { card: EligibilityCard; folded?: boolean }) {
  const { t } = useShared();
  const w = t.tasks;
  const checks = records(card.checks);
  const of = (state: State): CheckRow[] => checks.filter((check) => stateOf(check) === state);
  const passed = of("pass");
  const shown = folded ? [...of("fail"), ...of("unknown")] : checks;
  const tally = ([["pass", w.passed], ["fail", w.failed], ["unknown", w.unknown]] as const).flatMap(([state, words]) => {
    const found = of(state).length;
    return found ? [fill(words, { count: found })] : [];
  });
  const [word, tone]: [string, Tone] =
    card.eligible === true ? [w.eligible, "good"] : card.eligible === false ? [w.notEligible, "bad"] : [w.unsure, "warn"];
  const title = text(card.product_name) || text(card.product) || w.product;
  return (
    <Card className="card" role="group" aria-label={`${title} ${w.conditions}`}>
      <Head icon={<Tasks />} title={title} chip={<Chip tone={tone}>{word}</Chip>} />
      <CardContent>
        <Lines first={text(card.shop) || text(card.shop_code)} more={tally} />
        <Checks checks={shown} />
        {folded && passed.length > 0 && (
          <details class="passed">
            <summary>{fill(w.passedOnes, { count: passed.length })}</summary>
            <Checks checks={passed} />
          </details>
        )}
      </CardContent>
    </Card>
  );
}

function Checks({ checks }: { checks: CheckRow[] }) {
  const { t } = useShared();
  if (!checks.length) return null;
  return (
    <ul class="checks" aria-label={t.tasks.conditions}>
      {checks.map((check, place) => (
        <CheckLine key={place} check={check} />
      ))}
    </ul>
  );
}

// ---------------------------------------------------------------------- cost

export function Quote({ card }: { card: QuoteCard }) {
  const { t } = useShared();
  const w = t.tasks;
  const title = text(card.product_name) || text(card.product) || w.product;
  const orders = count(card.orders_30d);
  const amount = yuanRange(card.low_fen, card.high_fen);
  const saving = record(card.saving);
  const [lower, cheaper] = [percent(saving.risk_rate_bp), yuanRange(saving.month_low_fen, saving.month_high_fen)];
  return (
    <Card className="card" role="group" aria-label={title}>
      <Head icon={<Coins />} title={title} chip={<Chip tone="calm">{w.estimate}</Chip>} />
      <CardContent>
        <Lines first={text(card.shop) || text(card.shop_code)} more={[]} />
        {amount ? (
          <p class="sum">
            <span>{card.per === "year" ? w.aYear : w.anOrder}</span> <b>{amount}</b>
          </p>
        ) : (
          <p class="empty">{w.notKnown}</p>
        )}
        <dl class="facts">
          <Fact name={w.aMonth}>{yuanRange(card.month_low_fen, card.month_high_fen)}</Fact>
          <Fact name={w.orders30}>{orders && fill(w.orderCount, { count: orders })}</Fact>
          <Fact name={w.riskRate}>{percent(card.risk_rate_bp)}</Fact>
        </dl>
        {lower && cheaper && <p class="saving">{fill(w.saving, { rate: lower, amount: cheaper })}</p>}
        {amount && <p class="note">{w.estimateNote}</p>}
        <Rules rules={records(card.rules)} title={w.rates} />
      </CardContent>
    </Card>
  );
}
