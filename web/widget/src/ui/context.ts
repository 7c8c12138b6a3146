/** What nearly every part needs: words, language, conversation. */

import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import type { Conversation, View } from "../conversation";
import { text } from "../fields";
import type { Lang } from "../options";
import type { Texts } from "../texts/panel";

export interface Shared {
  conversation: Conversation;
  t: Texts;
  lang: Lang;
  /** Where the server is; ends in a slash. */
  server: string;
  /** Said once to screen readers. */
  announce: (text: string) => void;
}

export const Context = createContext<Shared | undefined>(undefined);

export function useShared(): Shared {
  return useContext(Context)!;
}

export function useView(conversation: Conversation): View {
  const [view, setView] = useState(() => conversation.current());
  useEffect(() => {
    const look = (): void => setView(conversation.current());
    look();
    return conversation.watch(look);
  }, [conversation]);
  return view;
}

export function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => window.matchMedia(query).matches);
  useEffect(() => {
    const media = window.matchMedia(query);
    const look = (): void => setMatches(media.matches);
    media.addEventListener("change", look);
    return () => media.removeEventListener("change", look);
  }, [query]);
  return matches;
}

/** The name the server gives where the interface speaks its language, else ours; never nothing. */
export function named(lang: Lang, ours: Record<string, string>, key: unknown, given: unknown): string {
  const own = ours[text(key)];
  return (lang === "zh-CN" ? text(given) || own : own || text(given)) || text(key);
}
