/** The panel's script: connects, draws, and hands itself to the launcher. Loaded when the panel is first wanted. */

import { render } from "preact";
import { io } from "socket.io-client";
import { Conversation, type Credentials, type Wire } from "./conversation";
import css from "./panel.css?inline";
import { PANEL_EVENT, type Mount } from "./panel-contract";
import { perTab } from "./store";
import { panelTexts } from "./texts/panel";
import { shown, storageName } from "./token";
import { App } from "./ui/App";
import { Panes } from "./ui/panes";

const script = document.currentScript;

function connect(server: string): (credentials: Credentials) => Wire {
  const url = new URL(server);
  return (credentials) =>
    io(url.origin, {
      path: `${url.pathname}socket.io`,
      auth: (give: (data: object) => void) => give(credentials()),
      transports: ["websocket", "polling"],
      tryAllTransports: true, // where a proxy lets no websocket through
      reconnectionDelay: 500,
      reconnectionDelayMax: 10_000,
      timeout: 10_000,
    }) as Wire;
}

const mount: Mount = ({ box, root, settings, onClose, onUnread }) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];

  const texts = panelTexts[settings.lang];
  const conversation = new Conversation({
    connect: connect(settings.server),
    store: perTab,
    name: storageName(settings.server, settings.token),
    token: settings.token,
    renew: settings.onTokenExpired,
    words: () => texts,
  });

  const panes = new Panes();
  let unread = 0;
  conversation.arrived(() => {
    if (!panes.open) onUnread(++unread);
  });
  const online = (): void => conversation.networkBack();
  const offline = (): void => conversation.networkLost();
  window.addEventListener("online", online);
  window.addEventListener("offline", offline);

  const who = shown(settings.token);
  const order = settings.order ?? (who.order || undefined);
  render(
    <App
      conversation={conversation}
      panes={panes}
      texts={texts}
      lang={settings.lang}
      server={settings.server}
      role={who.role}
      order={order}
      orderKnown={Boolean(who.order) && who.order === order}
      onClose={onClose}
    />,
    box,
  );

  return {
    open(focus) {
      unread = 0;
      panes.show(focus);
    },
    close: () => panes.hide(),
    destroy(forget) {
      window.removeEventListener("online", online);
      window.removeEventListener("offline", offline);
      if (forget) conversation.forget();
      else conversation.close();
      render(null, box);
      root.adoptedStyleSheets = root.adoptedStyleSheets.filter((each) => each !== sheet);
    },
  };
};

script?.dispatchEvent(new CustomEvent(PANEL_EVENT, { detail: mount }));
