import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["@narrowcast/source", "node", "import", "module", "default"] },
  ssr: { resolve: { conditions: ["@narrowcast/source", "node", "import", "module", "default"] } },
  test: {
    include: ["{packages,apps,tools,bench}/**/*.test.{ts,tsx}"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    testTimeout: 30_000,
    // Browsers, disks and clocks are waited for: two files at a time even where there are two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    hookTimeout: 60_000,
  },
});
