/**
 * Builds dist/: the panel first, then the launcher, which asks for the panel by a hash of its text (so that a browser
 * never mixes two versions). The same sources give the same bytes: no dates, no paths, no source maps.
 */

import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const BROWSERS = ["chrome99", "edge99", "firefox101", "safari16.4"]; // those with adoptedStyleSheets

async function script(entry, file, define) {
  const output = await build({
    root: here,
    configFile: false,
    envDir: false,
    logLevel: "warn",
    publicDir: false,
    define: { "process.env.NODE_ENV": '"production"', ...define },
    resolve: {
      alias: [
        { find: /^react$/, replacement: "preact/compat" },
        { find: /^react-dom$/, replacement: "preact/compat" },
      ],
    },
    build: {
      target: BROWSERS,
      cssTarget: BROWSERS,
      outDir: dist,
      emptyOutDir: false,
      modulePreload: false,
      reportCompressedSize: false,
      rollupOptions: {
        input: join(here, "src", entry),
        output: { format: "iife", entryFileNames: file },
      },
    },
  });
  const { output: chunks } = Array.isArray(output) ? output[0] : output;
  return chunks.flatMap((chunk) => Object.keys(chunk.modules ?? {}));
}

/** The notices that the licences of what is bundled ask for. */
function notices(modules) {
  const packages = new Map();
  for (const id of modules) {
    const path = id.split("/node_modules/").pop();
    if (path === id) continue;
    const root = id.slice(0, id.length - path.length) + path.split("/").slice(0, path.startsWith("@") ? 2 : 1).join("/");
    const { name, version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    packages.set(`${name} ${version}`, { license, text: licence(root) });
  }
  const names = [...packages.keys()].sort();
  return names.map((name) => {
    const { license, text } = packages.get(name);
    return `${name} (${license})\n\n${text.trim()}\n`;
  }).join(`\n${"-".repeat(80)}\n\n`);
}

function licence(root) {
  for (const name of ["LICENSE", "LICENSE.md", "LICENCE", "license", "LICENSE-MIT"]) {
    try {
      return readFileSync(join(root, name), "utf8").replace(/\r\n/g, "\n");
    } catch {
      continue;
    }
  }
  return "(no licence file in the package)";
}

rmSync(dist, { recursive: true, force: true });
const panel = await script("panel.tsx", "xiaoer-panel.js", {});
const version = createHash("sha256").update(readFileSync(join(dist, "xiaoer-panel.js"))).digest("hex").slice(0, 12);
const launcher = await script("launcher.ts", "xiaoer.js", { __PANEL_VERSION__: JSON.stringify(version) });
writeFileSync(join(dist, "LICENSES.txt"), notices([...panel, ...launcher]));
