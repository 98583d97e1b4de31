import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** What takes minutes (browsers, crashes, whole days of apps) is in files of its own; `LONG=1` runs those instead of the others. */
const LONG = "**/*.long.test.{ts,tsx}";
const isLong = process.env["LONG"] === "1";

export default defineConfig({
  resolve: { conditions: ["@narrowcast/source", "node", "import", "module", "default"] },
  ssr: { resolve: { conditions: ["@narrowcast/source", "node", "import", "module", "default"] } },
  test: {
    include: isLong ? [LONG] : ["{packages,apps,tools,bench,soak}/**/*.test.{ts,tsx}"],
    exclude: ["**/node_modules/**", "**/dist/**", ...(isLong ? [] : [LONG])],
    // The short tests share their modules from file to file: loading them anew for each was a quarter of the time.
    isolate: isLong,
    testTimeout: 30_000,
    // Browsers, disks and clocks are waited for: two files at a time even where there are two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    hookTimeout: 60_000,
  },
});
