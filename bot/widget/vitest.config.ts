import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: [{ find: /^react(-dom)?$/, replacement: "preact/compat" }] },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"], restoreMocks: true },
});
