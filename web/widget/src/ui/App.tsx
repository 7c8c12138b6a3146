/** The panel: head, banner, conversation, field. */

import { Typing } from "@chatui/core/es/components/Typing";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Conversation, View } from "../conversation";
import type { Lang } from "../options";
import { FULL_SCREEN } from "../panel-contract";
import { perBrowser } from "../store";
import { fill, type Asked, type Texts } from "../texts/panel";
import type { Role } from "../token";
import { Composer } from "./Composer";
import { Context, useMedia, useShared, useView } from "./context";
import { Agent, Bottom, Box, Close, Face, Larger, Offline, Robot, Warning } from "./icons";
import { MessageRow } from "./Message";
import type { Panes } from "./panes";
import { tail } from "../format";

const LARGE = "xiaoer:large";
const PAUSE_MS = 5 * 60_000; // after which a message shows its time

export interface AppProps {
  conversation: Conversation;
  panes: Panes;
  texts: Texts;
  lang: Lang;
  server: string;
  role: Role;
  order?: string;
  /** The token names the order too, so 这单 means it. */
  orderKnown: boolean;
  onClose: () => void;
}

export function App(props: AppProps) {
  const { conversation, panes, texts: t, lang, server, onClose } = props;
  const view = useView(conversation);
  const full = useMedia(FULL_SCREEN);
  const [large, setLarge] = useState(() => perBrowser.get(LARGE) === "1");
  const [spoken, setSpoken] = useState("");
  const dialog = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const scroll = useScrolling(view, panes);
  const announce = useCallback((text: string) => setSpoken(text), []);
  const shared = useMemo(() => ({ conversation, t, lang, server, announce }), [conversation, t, lang, server, announce]);
  const person = view.attendance !== "none";

  // Before the first paint: the launcher opens the panel as soon as it is drawn.
  useLayoutEffect(
    () =>
      panes.watch((focus) => {
        if (panes.open && focus) (full ? dialog.current : field.current)?.focus();
      }),
    [panes, full],
  );
  useKeyboardHeight(dialog, full);
  useKeptFocus(dialog, () => (full ? scroll.log.current : field.current));

  const keys = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && !event.isComposing && event.keyCode !== 229) {
      event.stopPropagation();
      onClose();
    } else if (event.key === "Tab" && full) {
      keepWithin(event, dialog.current);
    }
  };
  const enlarge = (): void => {
    perBrowser.set(LARGE, large ? "0" : "1");
    setLarge(!large);
  };

  return (
    <Context.Provider value={shared}>
      <div
        ref={dialog}
        class={`panel${large ? " large" : ""}${person ? " attended" : ""}`}
        role="dialog"
        aria-modal={full ? "true" : undefined}
        aria-label={t.dialog}
        tabIndex={-1}
        onKeyDown={keys}
      >
        <div class="head">
          <span class="avatar">{person ? <Agent /> : <Face />}</span>
          <div class="who">
            <h2>{person ? t.tasks.staff : t.name}</h2>
            <p class={`link-state ${view.link}`}>{linkWords(view, t)}</p>
          </div>
          <button
            type="button"
            class="head-button agent"
            title={person ? t.tasks.robotHint : t.handoffHint}
            onClick={() => conversation.say(person ? t.tasks.robotSend : t.handoffSend)}
          >
            {person ? <Robot /> : <Agent />}
            {person ? t.tasks.robot : t.handoff}
          </button>
          <button
            type="button"
            class="head-button square"
            aria-pressed={large}
            aria-label={t.largeOn}
            title={large ? t.largeOff : t.largeOn}
            onClick={enlarge}
          >
            <Larger />
          </button>
          <button type="button" class="head-button square" aria-label={t.close} title={t.close} onClick={onClose}>
            <Close />
          </button>
        </div>
        <Banner view={view} />
        <div class="log-frame">
          <div
            ref={scroll.log}
            class="log"
            role="log"
            aria-live={view.loaded ? "polite" : "off"}
            aria-label={t.log}
            tabIndex={0}
            onScroll={scroll.onScroll}
          >
            {view.messages.length === 0 && <Greeting {...props} />}
            {view.messages.map((message, place) => (
              <MessageRow key={message.id} message={message} time={pauseBefore(view, place)} delivered={person && place === view.messages.length - 1} />
            ))}
            {view.answering && (
              <div class="row" aria-hidden="true">
                <span class="avatar"><Face /></span>
                <Typing />
              </div>
            )}
          </div>
          {scroll.below > 0 && (
            <button type="button" class="to-end" onClick={scroll.toEnd} title={t.toEnd}>
              <Bottom />
              {fill(t.newMessages, { count: scroll.below })}
            </button>
          )}
        </div>
        <div class="foot">
          <OrderBar {...props} />
          <Composer field={field} hint={person ? t.tasks.staffInput : t.placeholderShort} onSent={scroll.toEnd} />
          <p class="footnote">{person ? t.tasks.staffNote : t.footnote}</p>
        </div>
        <p class="unseen" role="status">{spoken}</p>
        <p class="unseen" role="status">{view.answering ? t.answering : ""}</p>
      </div>
    </Context.Provider>
  );
}

function linkWords({ link, attendance }: View, t: Texts): string {
  if (link === "connecting") return t.connecting;
  if (link !== "online") return t.offline;
  return { none: t.tagline, waiting: t.tasks.staffWaiting, talking: t.tasks.staffTalking }[attendance];
}

function pauseBefore({ messages }: View, place: number): boolean {
  const [before, message] = [messages[place - 1], messages[place]!];
  return !before || Date.parse(message.at) - Date.parse(before.at) > PAUSE_MS;
}

function Banner({ view }: { view: View }) {
  const { t, conversation } = useShared();
  const lost = view.link === "offline" || view.link === "expired" || view.link === "refused";
  const words: Record<string, string> = {
    offline: view.notice || (view.queued ? fill(t.offlineQueued, { count: view.queued }) : t.offlineBanner),
    expired: t.expiredBanner,
    refused: view.notice || t.refusedBanner,
  };
  return (
    <div role="status" class="banners">
      {lost && (
        <div class={`banner ${view.link}`}>
          {view.link === "offline" ? <Offline /> : <Warning />}
          <span>{words[view.link]}</span>
          {view.link !== "refused" && (
            <button type="button" class="link" onClick={() => conversation.reconnect()}>{t.reconnect}</button>
          )}
        </div>
      )}
      {!lost && view.notice && (
        <div class="banner">
          <Warning />
          <span>{view.notice}</span>
        </div>
      )}
    </div>
  );
}

function Greeting({ role, order, orderKnown }: AppProps) {
  const { t, conversation } = useShared();
  const asks: Asked[] = role === "buyer" && order && orderKnown ? t.asks.order : t.asks[role];
  return (
    <div class="greeting">
      <div class="row">
        <span class="avatar"><Face /></span>
        <div class="said-by">
          <div class="Bubble text">
            <p>{t.greetings[role]}</p>
            {t.greetingNote && <p>{t.greetingNote}</p>}
          </div>
          <div class="asks">
            <p id="xr-asks">{t.commonly}</p>
            <ul aria-labelledby="xr-asks">
              {asks.map((asked) => (
                <li key={asked.send}>
                  <button type="button" onClick={() => conversation.say(asked.send)}>{asked.label}</button>
                </li>
              ))}
            </ul>
          </div>
        </div>
      </div>
    </div>
  );
}

function OrderBar({ order, orderKnown, role }: AppProps) {
  const { t, conversation } = useShared();
  const [hidden, setHidden] = useState(false);
  if (!order || hidden || role === "seller") return null;
  const question = orderKnown ? t.orderQuestionSend : fill(t.orderQuestionNumber, { number: order });
  return (
    <div class="order-bar">
      <Box />
      <span>{fill(t.aboutOrder, { tail: tail(order) })}</span>
      <button type="button" class="quick" onClick={() => conversation.say(question)}>{t.orderQuestion}</button>
      <button type="button" class="plain-button" aria-label={t.hideOrder} title={t.hideOrder} onClick={() => setHidden(true)}>
        <Close />
      </button>
    </div>
  );
}

const NEAR = 80; // pixels from the end that count as being at the end

/** Follows the conversation while the reader is at its end; else counts what comes, and leaves the reader alone. */
function useScrolling(view: View, panes: Panes) {
  const log = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const seen = useRef({ count: 0, last: "", answering: false });
  const [below, setBelow] = useState(0);

  const toEnd = useCallback(() => {
    atEnd.current = true;
    setBelow(0);
    requestAnimationFrame(() => {
      if (log.current) log.current.scrollTop = log.current.scrollHeight;
    });
  }, []);
  const onScroll = useCallback(() => {
    const box = log.current;
    if (!box) return;
    atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
    if (atEnd.current) setBelow(0);
  }, []);

  useLayoutEffect(() => {
    const box = log.current;
    const last = view.messages.at(-1);
    const before = seen.current;
    const grew = last !== undefined && last.id !== before.last;
    seen.current = { count: view.messages.length, last: last?.id ?? "", answering: view.answering };
    if (!box || !(grew || view.answering !== before.answering)) return;
    if (last?.from === "user" && grew) return toEnd();
    if (!atEnd.current) {
      if (grew) setBelow((count) => count + Math.max(1, view.messages.length - before.count));
      return;
    }
    // A long answer is read from its beginning: never scroll the question out of sight. A person's message stands alone.
    const start = [...box.querySelectorAll<HTMLElement>(last?.custom.author ? "[data-id]" : ".row.mine")].at(-1);
    const end = box.scrollHeight - box.clientHeight;
    const fresh = before.count > 0 && start;
    box.scrollTop = fresh ? Math.min(end, Math.max(0, start.offsetTop - 12)) : end;
    if (fresh && box.scrollTop < end) atEnd.current = true;
  }, [view]);

  useLayoutEffect(
    () =>
      panes.watch(() => {
        if (panes.open && atEnd.current) toEnd();
      }),
    [panes],
  );
  return { log, below, toEnd, onScroll };
}

/** On a phone the keyboard takes its part of the screen away from the panel, not from under it. */
function useKeyboardHeight(dialog: { current: HTMLElement | null }, full: boolean): void {
  useEffect(() => {
    const screen = window.visualViewport;
    const fit = (): void => {
      dialog.current?.style.setProperty("--seen", full && screen ? `${Math.round(screen.height)}px` : "");
      dialog.current?.style.setProperty("--top", full && screen ? `${Math.round(screen.offsetTop)}px` : "");
    };
    fit();
    screen?.addEventListener("resize", fit);
    screen?.addEventListener("scroll", fit);
    return () => {
      screen?.removeEventListener("resize", fit);
      screen?.removeEventListener("scroll", fit);
    };
  }, [full]);
}

/** A button that goes when it is pressed takes the focus with it, out of the panel: then it moves on within it. */
function useKeptFocus(dialog: { current: HTMLElement | null }, refuge: () => HTMLElement | null): void {
  const latest = useRef(refuge);
  latest.current = refuge;
  useEffect(() => {
    const panel = dialog.current;
    if (!panel) return;
    let held: Element | null = null;
    const taken = (event: FocusEvent): void => void (held = event.target as Element);
    // Chrome tells of it just before the button goes, so whether it goes is seen a moment later.
    const left = (event: FocusEvent): void => {
      const leaving = event.target;
      if (event.relatedTarget) held = null;
      else setTimeout(() => held === leaving && held?.isConnected && (held = null));
    };
    const watcher = new MutationObserver(() => {
      if (held && !held.isConnected) {
        held = null;
        latest.current()?.focus();
      }
    });
    panel.addEventListener("focusin", taken);
    panel.addEventListener("focusout", left);
    watcher.observe(panel, { childList: true, subtree: true });
    return () => {
      panel.removeEventListener("focusin", taken);
      panel.removeEventListener("focusout", left);
      watcher.disconnect();
    };
  }, [dialog]);
}

/** Over the whole screen the page behind cannot be seen, so the keyboard does not go there. */
function keepWithin(event: KeyboardEvent, dialog: HTMLElement | null): void {
  if (!dialog) return;
  const stops = [...dialog.querySelectorAll<HTMLElement>("button:not([disabled]), a[href], textarea, input, summary, [tabindex='0']")].filter(
    (each) => each.getClientRects().length > 0,
  );
  const [first, last] = [stops[0], stops.at(-1)];
  const active = (dialog.getRootNode() as ShadowRoot).activeElement;
  if (event.shiftKey && (active === first || active === dialog)) {
    event.preventDefault();
    last?.focus();
  } else if (!event.shiftKey && active === last) {
    event.preventDefault();
    first?.focus();
  }
}
