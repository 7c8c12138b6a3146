/** What the host page asks for: attributes of the script or the argument of `Xiaoer.init`. */

export type Theme = "auto" | "light" | "dark";
export const LANGS = ["zh-CN", "zh-TW", "en"] as const;
export type Lang = (typeof LANGS)[number];

export interface Options {
  /** JWT signed by the host page's back end; none: a visitor. */
  token?: string;
  /** Called when the token has expired; returns a new one for the same account. */
  onTokenExpired?: () => Promise<string> | string;
  /** Order number the page is about. The server believes only the token's `order` claim. */
  order?: string;
  theme?: Theme;
  lang?: Lang;
  /** Where the server is; where the script came from if left out. */
  server?: string;
}

export interface Settings extends Options {
  theme: Theme;
  lang: Lang;
  /** Ends in a slash. */
  server: string;
}

export function settle(options: Options, scriptAddress: string): Settings {
  return {
    ...options,
    token: options.token || undefined,
    order: options.order || undefined,
    theme: options.theme === "light" || options.theme === "dark" ? options.theme : "auto",
    lang: language(options.lang),
    server: folder(options.server || scriptAddress),
  };
}

/** zh-CN for what is not known: the answers are in Chinese. */
export function language(wanted: string | undefined): Lang {
  const tag = (wanted ?? "").toLowerCase();
  if (tag.startsWith("en")) return "en";
  if (/^zh-(tw|hk|mo|hant)/.test(tag)) return "zh-TW";
  return "zh-CN";
}

export function fromAttributes(data: DOMStringMap): Options {
  return {
    token: data["token"],
    order: data["order"],
    theme: data["theme"] as Theme | undefined,
    lang: data["lang"] as Lang | undefined,
    server: data["server"],
  };
}

function folder(address: string): string {
  const url = new URL(address, document.baseURI);
  if (/\.js$/.test(url.pathname)) url.pathname = url.pathname.replace(/[^/]*$/, "");
  else if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url.origin + url.pathname;
}
