/**
 * A report as a file. The token goes in a header, never in an address, and only to the widget's own server.
 *
 * Needs of a host page's policy what the widget needs anyway, `connect-src`: the file is saved from memory.
 */

export const TIMEOUT_MS = 30_000;
const KEEP_MS = 60_000; // a browser that asks where to save reads the file when it is told

export type Failure = "expired" | "forbidden" | "missing" | "often" | "network" | "server";

export class DownloadError extends Error {
  constructor(readonly failure: Failure) {
    super(`download failed: ${failure}`);
  }
}

/** Does a request with the account's token, and once more with a new one where the answer is 401. */
export type Authorized = (request: (token: string) => Promise<Response>) => Promise<Response>;

/** Where the file is; nothing when the card names anything but a report. server: ends in a slash. */
export function reportAddress(server: string, csv: unknown): string | undefined {
  if (typeof csv !== "string" || !/^report\.csv\?[^#\s]*$/.test(csv)) return undefined;
  return new URL(csv, `${server}webhooks/widget/`).href;
}

/** report-demo-shop-2026-10.csv */
export function reportName(shop: string, month: string): string {
  const parts = ["report", shop, month].map((part) => part.replace(/[^\p{L}\p{N}_-]+/gu, "_").slice(0, 64));
  return `${parts.filter(Boolean).join("-")}.csv`;
}

/** Raises DownloadError. */
export async function fetchReport(address: string, authorized: Authorized): Promise<Blob> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  const request = (token: string): Promise<Response> =>
    fetch(address, {
      headers: { Authorization: `Bearer ${token}` },
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: stop.signal,
    });
  try {
    const response = await authorized(request);
    if (!response.ok) throw new DownloadError(failureOf(response.status));
    // A page of a proxy or a captive portal is not the report, whatever its status.
    if (/html/i.test(response.headers.get("content-type") ?? "")) throw new DownloadError("server");
    return await response.blob();
  } catch (error) {
    throw error instanceof DownloadError ? error : new DownloadError("network");
  } finally {
    clearTimeout(timer);
  }
}

function failureOf(status: number): Failure {
  if (status === 401) return "expired";
  if (status === 403) return "forbidden";
  if (status === 404) return "missing";
  return status === 429 ? "often" : "server";
}

export function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), KEEP_MS);
}
