/**
 * The guide's app type-checks as a reader has it: its files in an empty folder, beside them the packages that the guide installs and no others, its own
 * settings, and `tsc` as it is called there.
 *
 * Packages are linked from this repository instead of being fetched: the same versions, without a network.
 */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeGenerated } from "@narrowcast/server";

const ROOT = join(import.meta.dirname, "..");
const GUIDE = readFileSync(join(ROOT, "docs/guide/getting-started.md"), "utf8");
const SLOW_MS = 240_000;

/** Where a package may lie here: what is named by several workspaces at the top, the rest beside its workspace. */
const PLACES = ["node_modules", "apps/ui/node_modules", "apps/chat/node_modules"];

/** The files that the guide has a reader write: a name on a line of its own, then a block of code. */
function guideFiles(): ReadonlyMap<string, string> {
  const blocks = GUIDE.matchAll(/^`([\w./-]+)`:?[^\n]*\n\n```\w+\n([\s\S]*?)^```$/gmu);
  return new Map([...blocks].map(([, name = "", text = ""]) => [name, text]));
}

/** The packages that the guide has a reader install in the app's folder. */
function guidePackages(): readonly string[] {
  const lines = [...GUIDE.matchAll(/^npm install (?:--save-dev )?(\S.*)$/gmu)];
  return lines.flatMap(([, names = ""]) => names.split(" "));
}

/** The call of the compiler that the guide names. */
function guideCheck(): readonly string[] {
  const [, options] = /`npx tsc ([^`]*)`/u.exec(GUIDE) ?? [];
  if (options === undefined) throw new Error("The guide does not say how to check types: it should have `npx tsc …`");
  return options.split(" ");
}

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "guide-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes the reader's folder, as it is after the guide's fifth section. */
async function writeApp(files: ReadonlyMap<string, string>, packages: readonly string[]): Promise<void> {
  for (const [name, text] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "chat", version: "1.0.0" }));
  for (const name of packages) {
    const place = PLACES.map((each) => join(ROOT, each, name)).find((each) => existsSync(each));
    if (place === undefined) throw new Error(`The guide installs ${name}, which is not installed here`);
    mkdirSync(dirname(join(folder, "node_modules", name)), { recursive: true });
    symlinkSync(realpathSync(place), join(folder, "node_modules", name));
  }
  await writeGenerated(join(folder, "convex"));
}

/** What the compiler says; empty when it has nothing to say. */
function check(): string {
  try {
    return execFileSync("node", [join(ROOT, "node_modules/typescript/bin/tsc"), ...guideCheck()], {
      cwd: folder,
      encoding: "utf8",
    });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

test("every page that a guide has a reader type is one of these files", () => {
  const guides = readdirSync(join(ROOT, "docs/guide")).map((name) =>
    readFileSync(join(ROOT, "docs/guide", name), "utf8"),
  );
  const pages = guides.flatMap((text) => [...text.matchAll(/^```tsx\n([\s\S]*?)^```$/gmu)].map(([, page]) => page));
  expect(pages.length).toBeGreaterThan(0);
  for (const page of pages) expect([...guideFiles().values()]).toContain(page);
});

test("the guide's page and functions type-check with what the guide installs", { timeout: SLOW_MS }, async () => {
  const files = guideFiles();
  expect([...files.keys()]).toEqual(
    expect.arrayContaining(["convex/schema.ts", "convex/messages.ts", "src/main.tsx", "tsconfig.json", "index.html"]),
  );
  await writeApp(files, guidePackages());
  expect(check()).toBe("");
});

test(
  "a page that asks for what there is not, and one without React's types, are noticed",
  { timeout: SLOW_MS },
  async () => {
    const files = new Map(guideFiles());
    files.set("src/main.tsx", files.get("src/main.tsx")!.replace("api.messages.list", "api.messages.lost"));
    await writeApp(
      files,
      guidePackages().filter((name) => name !== "@types/react-dom"),
    );
    const said = check();
    expect(said).toContain("'lost' does not exist");
    expect(said).toContain("react-dom/client");
  },
);
