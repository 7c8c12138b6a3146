/** What passes between widget and server (docs: the widget's wire). Everything that comes in is treated as possibly incomplete. */

export interface QuickReply {
  title: string;
  payload: string;
}

export interface RuleCard {
  id?: string;
  text?: string;
  grade?: string;
  as_of?: string;
}

export interface OrderCard {
  order_number?: string;
  title?: string;
  item?: string;
  shop?: string;
  amount_fen?: number | null;
}

export interface PolicyCard extends OrderCard {
  type?: "policy";
  product?: string;
  product_name?: string;
  state?: string;
  state_name?: string;
  policy_number?: string | null;
  payer?: string | null;
  sum_insured_fen?: number | null;
  since?: string | null;
  until?: string | null;
  rule?: RuleCard;
  next_step?: string;
  payout_fen?: number | null;
  at_most?: boolean;
}

export interface ClaimStep {
  kind?: string;
  name?: string;
  at?: string | null;
}

export interface ClaimCard extends OrderCard {
  type?: "claim";
  product_name?: string;
  kind?: string;
  state?: string;
  state_name?: string;
  since?: string | null;
  expected_by?: string | null;
  overdue?: boolean;
  sum_insured_fen?: number | null;
  paid_fen?: number | null;
  freight_paid_fen?: number | null;
  short_fen?: number | null;
  steps?: ClaimStep[];
  rule?: RuleCard;
  next_step?: string;
}

export interface OrdersCard {
  type?: "orders";
  orders?: (OrderCard & PolicyCard)[];
}

export interface ServiceRow {
  product?: string;
  product_name?: string;
  state?: string;
  since?: string | null;
  until?: string | null;
  fee_fen?: number | null;
}

export interface ShopServices {
  code?: string;
  name?: string;
  risk_rate_bp?: number | null;
  services?: ServiceRow[];
}

export interface ServicesCard {
  type?: "services";
  shops?: ShopServices[];
}

export interface Check {
  id?: string;
  name?: string;
  state?: string;
  figure?: string;
  remedy?: string;
  rule?: RuleCard;
}

export interface EligibilityCard {
  type?: "eligibility";
  product?: string;
  product_name?: string;
  shop?: string;
  shop_code?: string;
  /** null: cannot be told yet. */
  eligible?: boolean | null;
  checks?: Check[];
}

export interface QuoteCard {
  type?: "quote";
  product?: string;
  product_name?: string;
  shop?: string;
  shop_code?: string;
  per?: string;
  low_fen?: number | null;
  high_fen?: number | null;
  month_low_fen?: number | null;
  month_high_fen?: number | null;
  orders_30d?: number | null;
  risk_rate_bp?: number | null;
  /** The month's cost at a lower risk rate. */
  saving?: { risk_rate_bp?: number; month_low_fen?: number | null; month_high_fen?: number | null } | null;
  rules?: RuleCard[];
}

export interface NamedValue {
  name?: string;
  value?: string;
}

/** What is read back before 确认. */
export interface SummaryCard {
  type?: "summary";
  kind?: string;
  title?: string;
  rows?: NamedValue[];
  expires_at?: string | null;
}

export interface ReceiptCard {
  type?: "receipt";
  kind?: string;
  receipt?: string;
  title?: string;
  state?: string;
  at?: string | null;
  rows?: NamedValue[];
  next_step?: string;
}

export interface Figures {
  premium_fen?: number | null;
  payout_fen?: number | null;
  policies?: number | null;
  claims?: number | null;
  claim_rate_bp?: number | null;
  orders?: number | null;
  returned?: number | null;
  return_rate_bp?: number | null;
}

export interface Reason {
  reason?: string;
  name?: string;
  count?: number;
}

export interface MonthSums {
  month?: string;
  premium_fen?: number | null;
  payout_fen?: number | null;
}

export interface ReportCard {
  type?: "report";
  shop?: string;
  shop_code?: string;
  month?: string;
  previous?: string;
  /** The month still runs. */
  partial?: boolean;
  figures?: Figures;
  before?: Figures;
  reasons?: Reason[];
  series?: MonthSums[];
  /** "report.csv?…", below the server's /webhooks/widget/. */
  csv?: string;
}

export interface TicketCard {
  type?: "ticket";
  number?: string;
  position?: number;
  hours?: string;
  in_hours?: boolean;
  opened_at?: string | null;
}

/** Cards of one kind together: eligibilities, quotes, reports. */
export interface Several<One> {
  type?: string;
  items?: One[];
}

export interface Card {
  type?: string;
}

export interface Custom {
  /** Who says it where it is not the assistant: "staff", or "system" (the ticket is closed). */
  author?: string | null;
  outcome?: string | null;
  topic?: string | null;
  product?: string | null;
  article?: string | null;
  /** The sentence of the text that answers. */
  lead?: string | null;
  sources?: unknown;
  as_of?: string | null;
  grade?: string | null;
  card?: Card | null;
}

export interface BotUttered {
  id?: string;
  text?: string;
  quick_replies?: QuickReply[];
  custom?: Custom;
  at?: string;
  reply_to?: string;
}

export interface UserEcho {
  id?: string;
  text?: string;
  at?: string;
}

export interface HistoryMessage {
  id?: string;
  from?: string;
  text?: string;
  at?: string;
  quick_replies?: QuickReply[];
  custom?: Custom;
}

export interface Problem {
  code?: string;
  text?: string;
  id?: string;
}

export interface Ack {
  ok?: boolean;
  id?: string;
  code?: string;
  text?: string;
}
