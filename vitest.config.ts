import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["@narrowcast/source", "node", "import", "module", "default"] },
  ssr: { resolve: { conditions: ["@narrowcast/source", "node", "import", "module", "default"] } },
  test: {
    include: ["{packages,apps,tools,bench}/**/*.test.{ts,tsx}"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
