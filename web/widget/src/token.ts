/** What a token says, read for display only: greeting and order bar. Nobody is believed for it; the server verifies. */

export type Role = "buyer" | "seller" | "visitor";

export interface Shown {
  role: Role;
  account: string;
  order: string;
  name: string;
}

const NOBODY: Shown = { role: "visitor", account: "", order: "", name: "" };

/** The payload of a JWT; a token that cannot be read is shown as a visitor's. */
export function shown(token: string | undefined): Shown {
  const payload = decode(token);
  if (!payload) return NOBODY;
  const role = payload["role"];
  return {
    role: role === "buyer" || role === "seller" ? role : "visitor",
    account: text(payload["sub"]),
    order: text(payload["order"]),
    name: text(payload["name"]),
  };
}

function decode(token: string | undefined): Record<string, unknown> | undefined {
  const part = (token ?? "").split(".")[1];
  if (!part) return undefined;
  try {
    const bytes = Uint8Array.from(atob(part.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 120) : "";
}

/** A short name for the account's part of the browser's storage; not a secret, and not readable as the account. */
export function storageName(server: string, token: string | undefined): string {
  const who = shown(token);
  let hash = 0x811c9dc5;
  for (const char of `${server}|${who.role}|${who.account}`) {
    hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193) >>> 0;
  }
  return `xiaoer:${hash.toString(36)}`;
}
