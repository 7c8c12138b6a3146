/** What a page pays, gzipped as a server would: fails above the budget. */

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET = { "xiaoer.js": 15, "xiaoer-panel.js": 180 }; // KB of 1000 bytes
let over = false;
for (const [file, most] of Object.entries(BUDGET)) {
  const text = readFileSync(new URL(`dist/${file}`, import.meta.url));
  const size = gzipSync(text, { level: 6 }).length / 1000;
  over ||= size > most;
  console.log(`${file}: ${size.toFixed(1)} KB gzip of ${most} KB (${(text.length / 1000).toFixed(1)} KB plain)`);
}
process.exitCode = over ? 1 : 0;
