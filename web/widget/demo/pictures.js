/** Pictures of the demo shop, drawn here: what a title is about decides which. */

const DRAWINGS = {
  shoe: '<path d="M12 65c-1-13 0-21 6-27 8 6 18 6 26 0 8 11 22 15 34 18 6 2 9 5 9 9z" fill="#a4582f"/><path d="M18 38c8 6 18 6 26 0-3 8-22 9-26 0z" fill="#6f3717"/><path d="m42 50 12-6 9 6-11 7z" fill="#c47a4b"/><path d="m47 50 11 1" stroke="#f0d9a8" stroke-width="3"/><path d="M11 65h76c1 5-1 7-5 7H32v4H16c-4 0-5-5-5-11z" fill="#4a2411"/>',
  boot: '<path d="M32 16h26v34c8 6 24 6 25 20H30c2-18 2-36 2-54z" fill="#6b4a35"/><path d="M28 70h56v7H28z" fill="#2f2018"/><path d="M34 24h20M34 32h20M34 40h22" stroke="#e6cdb5" stroke-width="3"/>',
  shirt: '<path d="M34 18 16 30l7 15 8-4v39h34V41l8 4 7-15-18-12c-4 8-24 8-28 0z" fill="#4f86b8"/><path d="M34 18c4 8 24 8 28 0" fill="none" stroke="#e8f1f8" stroke-width="4"/>',
  coat: '<path d="M36 14 20 26l-6 46h14l4-28v38h32V44l4 28h14l-6-46-16-12-12 10z" fill="#b7793c"/><path d="M48 26v56" stroke="#7a4a1d" stroke-width="3"/><circle cx="53" cy="44" r="2.2" fill="#fff3e0"/><circle cx="53" cy="56" r="2.2" fill="#fff3e0"/>',
  trousers: '<path d="M30 14h36l6 68H56l-8-44-8 44H24z" fill="#3d5a80"/><path d="M30 22h36" stroke="#98b4d4" stroke-width="4"/>',
  dress: '<path d="M38 14h5l5 8 5-8h5l2 22 18 44H18l18-44z" fill="#c2577c"/><path d="M36 38h24" stroke="#f5d3df" stroke-width="4"/>',
  bag: '<path d="M24 38c0-8 6-12 12-12h24c6 0 12 4 12 12v36c0 5-3 8-8 8H32c-5 0-8-3-8-8z" fill="#3f7a62"/><path d="M38 26c0-14 20-14 20 0" fill="none" stroke="#2a5544" stroke-width="5"/><path d="M32 54h32v16H32z" fill="#6aa58d"/>',
  phone: '<rect x="30" y="12" width="36" height="72" rx="8" fill="#48586b"/><rect x="34" y="18" width="28" height="60" rx="4" fill="#cfe0ef"/><circle cx="48" cy="30" r="6" fill="#8fb1cf"/>',
  sofa: '<path d="M22 40c0-10 6-14 14-14h24c8 0 14 4 14 14v12H22z" fill="#7d8f69"/><path d="M12 46c8-4 14 0 14 8v6h44v-6c0-8 6-12 14-8v28H12z" fill="#5f7150"/><path d="M18 74h6v8h-6zM72 74h6v8h-6z" fill="#3c3022"/>',
  table: '<path d="M10 34h76v10H10z" fill="#b98a55"/><path d="M18 44h8v36h-8zM70 44h8v36h-8z" fill="#8f6638"/>',
  bed: '<path d="M14 40c0-6 4-8 8-8h52c4 0 8 2 8 8v22H14z" fill="#aebfd6"/><path d="M10 58h76v16H10z" fill="#7f97b8"/><path d="M22 38h22v12H22zM52 38h22v12H52z" fill="#f2f6fb"/><path d="M12 74h6v8h-6zM78 74h6v8h-6z" fill="#54677f"/>',
  scarf: '<path d="M26 22c14 10 30 10 44 0l4 12c-16 12-36 12-52 0z" fill="#b3475a"/><path d="M54 38l14 40-14 4-10-40z" fill="#cf6a7b"/><path d="M56 78l2 6M62 76l2 6" stroke="#8e3042" stroke-width="2.5"/>',
  towel: '<path d="M22 22h44c6 0 10 4 10 10v44H32V34c0-6-4-12-10-12z" fill="#9cc5c1"/><path d="M32 62h44M32 68h44" stroke="#f2fbfa" stroke-width="3"/>',
  belt: '<path d="M10 42h76v14H10z" fill="#5b3a22"/><path d="M34 36h24v26H34z" fill="none" stroke="#d9b871" stroke-width="5"/><path d="M46 49h18" stroke="#d9b871" stroke-width="4"/>',
  parcel: '<path d="M16 34 48 20l32 14v34L48 82 16 68z" fill="#d6a76a"/><path d="M16 34l32 14 32-14M48 48v34" fill="none" stroke="#a9773b" stroke-width="3"/><path d="m32 27 32 14v12" fill="none" stroke="#f3e0c3" stroke-width="4"/>',
};

const WORDS = [
  ["boot", /靴/],
  ["shoe", /鞋|拖鞋/],
  ["bag", /包/],
  ["phone", /手机/],
  ["sofa", /沙发/],
  ["table", /桌/],
  ["bed", /床|四件套/],
  ["towel", /巾.*两条|浴巾|毛巾/],
  ["scarf", /围巾/],
  ["belt", /腰带/],
  ["trousers", /裤/],
  ["dress", /裙/],
  ["coat", /大衣|羽绒|棉服|冲锋/],
  ["shirt", /衫|卫衣|T恤|内衣|开衫/],
];
const BACKS = ["#fdf0e4", "#e8f2ee", "#eaf0fa", "#fbeef1", "#f4f1e4", "#eef0ea"];

export function picture(title, className = "picture") {
  const found = WORDS.find(([, words]) => words.test(title));
  const back = BACKS[[...title].reduce((sum, char) => sum + char.codePointAt(0), 0) % BACKS.length];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" aria-hidden="true"><rect width="96" height="96" fill="${back}"/>${DRAWINGS[found ? found[0] : "parcel"]}</svg>`;
  const node = document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true);
  node.setAttribute("class", className);
  return node;
}
