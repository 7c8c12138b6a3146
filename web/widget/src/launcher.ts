/**
 * The script a shop page embeds: a button, and the loading of the panel when it is pressed.
 *
 * Leaves one name in the page, `Xiaoer`, and one element, with its styles in a shadow root. No inline script, style
 * element or eval: works under `script-src` and `style-src` that allow the server's origin alone.
 */

import css from "./launcher.css?inline";
import { fromAttributes, settle, type Options, type Settings } from "./options";
import { FULL_SCREEN, PANEL_EVENT, type Mount, type Panel } from "./panel-contract";
import { perTab } from "./store";
import { launcherTexts } from "./texts/launcher";
import { storageName } from "./token";

declare const __PANEL_VERSION__: string;

export interface Api {
  init(options?: Options): void;
  open(): void;
  close(): void;
  destroy(): void;
}

const SVG = "http://www.w3.org/2000/svg";
const script = document.currentScript as HTMLScriptElement | null;
const scriptAddress = script?.src || document.baseURI;

function element<K extends keyof HTMLElementTagNameMap>(name: K, className: string): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  made.className = className;
  return made;
}

function drawing(...shapes: [string, Record<string, string>][]): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 32 32");
  svg.setAttribute("aria-hidden", "true");
  for (const [name, attributes] of shapes) {
    const shape = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    svg.append(shape);
  }
  return svg;
}

/** A shield that smiles. */
const face = (): SVGSVGElement =>
  drawing(
    ["path", { d: "M16 3.2 5.6 7v8.2c0 6.6 4.3 11.2 10.4 13.6 6.1-2.4 10.4-7 10.4-13.6V7z", fill: "currentColor" }],
    ["circle", { cx: "12.2", cy: "14", r: "1.7", class: "eye" }],
    ["circle", { cx: "19.8", cy: "14", r: "1.7", class: "eye" }],
    ["path", { d: "M11.4 18.6c2.6 3 6.6 3 9.2 0", class: "smile" }],
  );

class Launcher {
  private readonly host = document.createElement("xiaoer-widget");
  private readonly frame = element("div", "frame");
  private readonly button = element("button", "launcher");
  private readonly badge = element("span", "badge");
  private readonly said = element("div", "said");
  private readonly box = element("div", "box");
  private readonly root: ShadowRoot;
  private readonly dark = window.matchMedia("(prefers-color-scheme: dark)");
  private readonly words;
  private readonly openKey: string;
  private panel: Promise<Panel> | undefined;
  private isOpen = false;
  private gone = false;
  private before: Element | null = null;

  constructor(private readonly settings: Settings) {
    this.words = launcherTexts[settings.lang];
    this.openKey = `${storageName(settings.server, settings.token)}:panel`;
    this.root = this.host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    this.root.adoptedStyleSheets = [sheet];
    this.frame.lang = settings.lang;
    this.button.type = "button";
    this.button.setAttribute("aria-haspopup", "dialog");
    this.button.append(face(), this.badge);
    this.button.addEventListener("click", () => this.open());
    this.said.setAttribute("role", "status");
    this.box.hidden = true;
    this.frame.append(this.button, this.said, this.box);
    this.root.append(this.frame);
    this.showTheme();
    this.dark.addEventListener("change", this.showTheme);
    this.unread(0);
    document.body.append(this.host);
    this.resume();
  }

  open(focus = true): void {
    if (this.isOpen || this.gone) return;
    this.isOpen = true;
    this.before = document.activeElement;
    this.button.classList.add("loading");
    this.say(this.words.loading);
    this.loaded().then(
      (panel) => {
        this.button.classList.remove("loading");
        this.say("");
        if (!this.isOpen || this.gone) return;
        perTab.set(this.openKey, "open");
        this.button.hidden = true;
        this.box.hidden = false;
        panel.open(focus);
        this.unread(0);
      },
      () => {
        this.isOpen = false;
        this.panel = undefined;
        this.button.classList.remove("loading");
        this.say(this.words.failed);
      },
    );
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    perTab.set(this.openKey, "closed");
    const within = this.root.activeElement !== null;
    void this.panel?.then((panel) => panel.close());
    this.box.hidden = true;
    this.button.hidden = false;
    if (within) this.giveFocusBack();
  }

  destroy(forget: boolean): void {
    this.gone = true;
    this.dark.removeEventListener("change", this.showTheme);
    void this.panel?.then((panel) => panel.destroy(forget)).catch(() => undefined);
    if (forget) perTab.remove(this.openKey);
    this.host.remove();
  }

  get opened(): boolean {
    return this.isOpen;
  }

  /**
   * After a reload in the middle of a conversation the panel comes back as it was. On another page of the shop it comes
   * back beside the page only, never over a whole phone screen.
   */
  private resume(): void {
    const was = perTab.get(this.openKey);
    if (!was) return;
    const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
    const covers = window.matchMedia(FULL_SCREEN).matches;
    if (was === "open" && (navigation?.type === "reload" || !covers)) this.open(false);
    else this.loaded().catch(() => (this.panel = undefined)); // answers that come while it is closed are counted
  }

  private loaded(): Promise<Panel> {
    this.panel ??= loadPanel(this.settings.server).then((mount) =>
      mount({
        box: this.box,
        root: this.root,
        settings: this.settings,
        onClose: () => this.close(),
        onUnread: (count) => this.unread(this.isOpen ? 0 : count),
      }),
    );
    return this.panel;
  }

  private giveFocusBack(): void {
    const before = this.before;
    const usable = before instanceof HTMLElement && before.isConnected && before !== document.body && before !== this.host;
    (usable ? before : this.button).focus();
  }

  private unread(count: number): void {
    this.badge.textContent = count > 99 ? "99+" : String(count);
    this.badge.hidden = count === 0;
    const more = count ? this.words.unread.replace("{count}", String(count)) : "";
    this.button.setAttribute("aria-label", this.words.open + more);
    this.button.title = this.words.open;
    if (count) this.say(this.words.news.replace("{count}", String(count))); // the name of a button that has no focus is not read out
  }

  private say(text: string): void {
    this.said.textContent = text;
    this.said.classList.toggle("shown", text === this.words.failed);
  }

  private showTheme = (): void => {
    const { theme } = this.settings;
    this.frame.dataset["theme"] = theme === "auto" ? (this.dark.matches ? "dark" : "light") : theme;
  };
}

const mounts = new Map<string, Promise<Mount>>();

/** The panel's script, once a server. It calls back through an event on its own element: no global, no CORS needed. */
function loadPanel(server: string): Promise<Mount> {
  let loading = mounts.get(server);
  if (!loading) {
    loading = new Promise((resolve, reject) => {
      const panel = document.createElement("script");
      panel.async = true;
      panel.src = `${server}xiaoer-panel.js?v=${__PANEL_VERSION__}`;
      if (script?.nonce) panel.nonce = script.nonce;
      panel.addEventListener(PANEL_EVENT, (event) => resolve((event as CustomEvent<Mount>).detail));
      panel.addEventListener("error", () => {
        mounts.delete(server);
        panel.remove();
        reject(new Error(`Xiaoer: ${panel.src} could not be loaded`));
      });
      document.head.append(panel);
    });
    mounts.set(server, loading);
  }
  return loading;
}

let launcher: Launcher | undefined;
let asked: string | undefined;

const api: Api = {
  init(options = {}) {
    const settings = settle(options, scriptAddress);
    asked = undefined;
    // Another account or another order is another widget; it stays open where it was open.
    const opened = launcher?.opened ?? false;
    launcher?.destroy(false);
    launcher = new Launcher(settings);
    if (opened) launcher.open();
  },
  open() {
    if (launcher) launcher.open();
    else asked = "open";
  },
  close() {
    asked = undefined;
    launcher?.close();
  },
  destroy() {
    asked = undefined;
    launcher?.destroy(true);
    launcher = undefined;
  },
};

function start(): void {
  if (launcher || script?.dataset["auto"] === "false") return;
  const opening = asked === "open";
  api.init(fromAttributes(script?.dataset ?? {}));
  if (opening) api.open();
}

const page = window as unknown as { Xiaoer?: Api };
if (!page.Xiaoer) {
  page.Xiaoer = api;
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else setTimeout(start);
}
