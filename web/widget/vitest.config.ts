import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: [{ find: /^react(-dom)?$/, replacement: "preact/compat" }] },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    unstubGlobals: true,
    server: { deps: { inline: [/@chatui/] } }, // so that the alias reaches it
  },
});
