/** Pictures, drawn here: no font, no image file. All are decoration; what carries them has a name in words. */

import type { ComponentChildren } from "preact";

function Icon({ children, filled = false }: { children: ComponentChildren; filled?: boolean }) {
  return (
    <svg class={filled ? "icon filled" : "icon"} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const Face = () => (
  <svg class="face" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <path d="M16 3.2 5.6 7v8.2c0 6.6 4.3 11.2 10.4 13.6 6.1-2.4 10.4-7 10.4-13.6V7z" fill="currentColor" />
    <circle cx="12.2" cy="14" r="1.7" class="eye" />
    <circle cx="19.8" cy="14" r="1.7" class="eye" />
    <path d="M11.4 18.6c2.6 3 6.6 3 9.2 0" class="smile" />
  </svg>
);
export const Close = () => <Icon><path d="M6 6l12 12M18 6 6 18" /></Icon>;
export const Send = () => <Icon filled><path d="M3.4 20.4 21.5 12 3.4 3.6 3.2 10l11 2-11 2z" /></Icon>;
export const Agent = () => (
  <Icon>
    <path d="M4.5 14v-2a7.5 7.5 0 0 1 15 0v2M4.5 13.5h2.8v5.2H6a1.5 1.5 0 0 1-1.5-1.5zM19.5 13.5h-2.8v5.2H18a1.5 1.5 0 0 0 1.5-1.5zM18 18.7c0 1.5-1.4 2.3-3.8 2.3" />
  </Icon>
);
export const Copy = () => <Icon><path d="M9 9h10v11H9zM5 15V4h10" /></Icon>;
export const Up = () => (
  <Icon><path d="M7 11v9H4v-9zM7 11l4-7.5c1.6 0 2.6 1.2 2.2 2.8L12.5 9.5H19c1 0 1.7.9 1.5 1.9l-1.4 7a2 2 0 0 1-2 1.6H7" /></Icon>
);
export const Down = () => (
  <Icon><path d="M17 13V4h3v9zM17 13l-4 7.5c-1.6 0-2.6-1.2-2.2-2.8l.7-3.2H5c-1 0-1.7-.9-1.5-1.9l1.4-7A2 2 0 0 1 6.9 4H17" /></Icon>
);
export const Check = () => <Icon><path d="m5 12.5 4.5 4.5L19 7.5" /></Icon>;
export const Clock = () => <Icon><circle cx="12" cy="12" r="8.5" /><path d="M12 7.5V12l3 2" /></Icon>;
export const Warning = () => <Icon><path d="M12 4 2.8 20h18.4zM12 10v4.5M12 17.2v.3" /></Icon>;
export const Offline = () => (
  <Icon><path d="M3 9.5a13 13 0 0 1 5-3M21 9.5a13 13 0 0 0-8.5-3.9M6.5 13a8 8 0 0 1 4-2.2M17.5 13a8 8 0 0 0-1.7-1.3M10 16.5a3 3 0 0 1 4 0M4 4l16 16" /></Icon>
);
export const Bottom = () => <Icon><path d="M12 5v13M6 12.5l6 6 6-6" /></Icon>;
export const Box = () => <Icon><path d="M4 8l8-4 8 4v8.5l-8 4-8-4zM4 8l8 4 8-4M12 12v8.5" /></Icon>;
export const Shop = () => <Icon><path d="M4.5 10v9.5h15V10M3.5 10 5 4.5h14l1.5 5.5c0 1.5-1.2 2.5-2.7 2.5s-2.8-1-2.8-2.5c0 1.5-1.3 2.5-3 2.5s-3-1-3-2.5c0 1.5-1.2 2.5-2.8 2.5S3.5 11.5 3.5 10z" /></Icon>;
export const Shield = () => <Icon><path d="M12 3.5 4.5 6.3v5.9c0 4.7 3 7.7 7.5 9.3 4.5-1.6 7.5-4.6 7.5-9.3V6.3zM8.7 12l2.4 2.4 4.3-4.5" /></Icon>;
export const Right = () => <Icon><path d="m9 5.5 6.5 6.5L9 18.5" /></Icon>;
export const Larger = () => <Icon><path d="M3.5 19 9 5.5 14.5 19M5.5 14.5h7M18.5 5v6M15.5 8h6" /></Icon>;
export const Cross = () => <Icon><path d="M6.5 6.5l11 11M17.5 6.5l-11 11" /></Icon>;
export const Question = () => <Icon><path d="M8.6 9a3.5 3.5 0 1 1 5.3 3c-1.3.8-1.9 1.4-1.9 2.8M12 18.3v.2" /></Icon>;
export const Tasks = () => <Icon><path d="M4 6.5l1.5 1.5L8 5M4 12.5l1.5 1.5L8 11M4 18.5l1.5 1.5L8 17M11.5 6.5H20M11.5 12.5H20M11.5 18.5H20" /></Icon>;
export const Coins = () => <Icon><circle cx="12" cy="12" r="8.5" /><path d="M8.5 7.5 12 12l3.5-4.5M12 12v5M9 12.3h6M9 15h6" /></Icon>;
export const Pencil = () => <Icon><path d="M5 19.5l1-4.5L16.5 4.5l3.5 3.5L9.5 18.5zM14 7l3.5 3.5M12.5 19.5H20" /></Icon>;
export const Bars = () => <Icon><path d="M3.5 20h17M6.5 16.5v-4M12 16.5V5M17.5 16.5v-8" /></Icon>;
export const Download = () => <Icon><path d="M12 4v11M7 10.5l5 5 5-5M4.5 19.5h15" /></Icon>;
export const Info = () => <Icon><circle cx="12" cy="12" r="8.5" /><path d="M12 11v5.5M12 7.5v.3" /></Icon>;
export const Robot = () => <Icon><path d="M5 9h14v10H5zM12 9V5M9 13.5v1M15 13.5v1M2.5 12v4M21.5 12v4" /><circle cx="12" cy="4" r="1" /></Icon>;
