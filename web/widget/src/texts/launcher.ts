/** The few words the launcher needs before the panel is loaded. */

import type { Lang } from "../options";

const zhCN = {
  open: "打开险小二，保险问题在线问",
  unread: "，{count} 条未读",
  news: "险小二有 {count} 条未读消息",
  loading: "正在打开险小二",
  failed: "险小二没有打开，请点按钮再试一次",
};

const zhTW: typeof zhCN = {
  open: "開啟險小二，保險問題線上問",
  unread: "，{count} 則未讀",
  news: "險小二有 {count} 則未讀訊息",
  loading: "正在開啟險小二",
  failed: "險小二沒有開啟，請點按鈕再試一次",
};

const en: typeof zhCN = {
  open: "Open Xian Xiao'er, questions about insurance",
  unread: ", {count} unread",
  news: "Xian Xiao'er: {count} unread",
  loading: "Opening Xian Xiao'er",
  failed: "Xian Xiao'er could not be opened. Press the button to try again.",
};

export const launcherTexts: Record<Lang, typeof zhCN> = { "zh-CN": zhCN, "zh-TW": zhTW, en };
