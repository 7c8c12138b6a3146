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

export interface Card {
  type?: string;
}

export interface Custom {
  outcome?: string | null;
  topic?: string | null;
  product?: string | null;
  article?: string | null;
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
