/** What launcher and panel say to each other. The panel's script hands `mount` over in an event on its own element. */

import type { Settings } from "./options";

export const PANEL_EVENT = "xiaoer:panel";

export interface PanelHost {
  /** Where the panel draws: an element in the launcher's shadow root. */
  box: HTMLElement;
  root: ShadowRoot;
  settings: Settings;
  onClose: () => void;
  onUnread: (count: number) => void;
}

export interface Panel {
  /** focus: the field gets the keyboard (not after a reload, where nobody asked for it). */
  open: (focus: boolean) => void;
  close: () => void;
  /** forget: what waits to be sent is dropped too. */
  destroy: (forget: boolean) => void;
}

export type Mount = (host: PanelHost) => Panel;

/** Wide enough for a window beside the page; below it the panel fills the screen. */
export const FULL_SCREEN = "(max-width: 480px), (max-height: 480px)";
