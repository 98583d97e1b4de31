import { afterEach, expect, test } from "vitest";
import { writeApp } from "../kit/text-app.ts";
import { bundleApp } from "./bundle.ts";

const closers: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function unsupported(files: { readonly [name: string]: string }) {
  const app = writeApp(files);
  closers.push(() => app.remove());
  return (await bundleApp(app.dir)).unsupported.map(({ what, file, line }) => `${file}:${line} ${what}`);
}

test("what does not work yet is found by name, with file and line", async () => {
  const found = await unsupported({
    "schema.ts": `import { defineSchema } from "convex/server";
import { notes } from "./lib/tables";
// defineTable({}).searchIndex("in_a_comment", {})
export default defineSchema({ notes });
`,
    "lib/tables.ts": `import { defineTable } from "convex/server";
import { v } from "convex/values";
/* .vectorIndex("in a comment") */
export const notes = defineTable({ text: v.string(), at: v.array(v.number()) })
  .index("by_text", ["text"])
  .searchIndex("search_text", { searchField: "text" })
  .vectorIndex(
    "by_at", { vectorField: "at", dimensions: 3 })
  .staged({ text: v.string() });
`,
    "convex.config.ts": `import { defineApp } from "convex/server";
const counter = { componentDefinitionPath: "x" };
const app = defineApp();
app.use(counter as never, { name: "counter" });
export default app;
`,
  });
  expect(found.toSorted()).toEqual([
    'convex/convex.config.ts:4 component "counter"',
    'convex/lib/tables.ts:6 text search index "search_text"',
    'convex/lib/tables.ts:7 vector index "by_at"',
    "convex/lib/tables.ts:9 staged validator",
  ]);
});

test("an app without any of it has nothing to tell", async () => {
  const found = await unsupported({
    "schema.ts": `import { defineSchema, defineTable } from "convex/server"; export default defineSchema({ t: defineTable({} as never).index("a", { fields: ["b"], staged: true }) });`,
    "auth.config.ts": `export default { providers: [{ domain: "https://id.example", applicationID: "app" }] };`,
    "convex.config.ts": `import { defineApp } from "convex/server"; export default defineApp();`,
  });
  expect(found).toEqual([]);
});
