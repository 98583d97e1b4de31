/**
 * Module state does not outlive a run: every form in which functions can keep something, in the app's modules and in a package.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bundleTexts } from "../kit/text-app.ts";
import { openApp, openTexts } from "../testing/app-harness.ts";
import type { TestApp } from "../testing/app-harness.ts";

/** Each gives a function that counts how often it was called since its module was evaluated. */
const FORMS: { readonly [name: string]: string } = {
  "an assigned binding": `let n = 0; export function bump() { return ++n; }`,
  "a binding that is set once": `let first; export function bump() { first ??= { n: 0 }; return ++first.n; }`,
  "a logical assignment": `let list; export function bump() { list ||= []; return list.push(1); }`,
  "a Map": `const seen = new Map(); export function bump() { seen.set(seen.size, 1); return seen.size; }`,
  "a Set": `const seen = new Set(); export const bump = () => seen.add(seen.size).size;`,
  "a WeakMap": `const key = {}; const weak = new WeakMap(); export function bump() { weak.set(key, (weak.get(key) ?? 0) + 1); return weak.get(key); }`,
  "an array": `const list = []; export function bump() { return list.push(1); }`,
  "an array by index": `const list = []; export function bump() { list[list.length] = 1; return list.length; }`,
  "an object's property": `const box = { n: 0 }; export function bump() { box.n += 1; return box.n; }`,
  "a deleted property": `const box = { a: 1, b: 1 }; export function bump() { const left = Object.keys(box).length; delete box.a; return 3 - left; }`,
  "Object.assign": `const box = { n: 0 }; export function bump() { Object.assign(box, { n: box.n + 1 }); return box.n; }`,
  "Object.defineProperty": `const box = {}; export function bump() { Object.defineProperty(box, "p" + Object.getOwnPropertyNames(box).length, { value: 1 }); return Object.getOwnPropertyNames(box).length; }`,
  "destructuring into a property": `const box = { n: 0 }; export function bump() { [box.n] = [box.n + 1]; return box.n; }`,
  "a class static": `class Counter { static n = 0; } export function bump() { return ++Counter.n; }`,
  "a private class static": `class Counter { static #n = 0; static next() { return ++this.#n; } } export const bump = () => Counter.next();`,
  "a static container": `class Store { static seen = new Map(); } export function bump() { Store.seen.set(Store.seen.size, 1); return Store.seen.size; }`,
  globalThis: `export function bump() { globalThis.counted = (globalThis.counted ?? 0) + 1; return globalThis.counted; }`,
  "globalThis by name": `export function bump() { const g = globalThis; g["counted two"] = (g["counted two"] ?? 0) + 1; return g["counted two"]; }`,
  "an instance": `class Counter { n = 0; next() { return ++this.n; } } const counter = new Counter(); export const bump = () => counter.next();`,
  "an instance's private field": `class Counter { #n = 0; next() { return ++this.#n; } } const counter = new Counter(); export const bump = () => counter.next();`,
  "an instance through methods": `class Counter { #list = []; #add() { this.#list.push(1); } next() { this.#add(); return this.#list.length; } } const counter = new Counter(); export const bump = () => counter.next();`,
  "a lazy getter": `class Lazy { #n; get n() { this.#n = (this.#n ?? 0) + 1; return this.#n; } } const lazy = new Lazy(); export const bump = () => lazy.n;`,
  "a field that is a function": `class Counter { n = 0; next = () => ++this.n; } const counter = new Counter(); export const bump = () => counter.next();`,
  "a prototype's method": `function Counter() { this.n = 0; } Counter.prototype.next = function () { return ++this.n; }; const counter = new Counter(); export const bump = () => counter.next();`,
  "a subclass of Map": `class Cache extends Map {} const cache = new Cache(); export function bump() { cache.set(cache.size, 1); return cache.size; }`,
  "an object's method": `const counter = { n: 0, next() { return ++this.n; } }; export const bump = () => counter.next();`,
  "a closure": `function counter() { let n = 0; return () => ++n; } export const bump = counter();`,
  "a closure over a container": `const make = () => { const list = []; return { push: () => list.push(1) }; }; const store = make(); export const bump = () => store.push();`,
  "a function called where it stands": `const counter = (() => { let n = 0; return { next: () => ++n }; })(); export const bump = () => counter.next();`,
  "a made function, made by another": `function inner() { let n = 0; return () => ++n; } function outer() { return inner(); } const next = outer(); export const bump = () => next();`,
  "a memoised function": `function once(make) { let made; return () => (made ??= make()); } const box = once(() => ({ n: 0 })); export const bump = () => ++box().n;`,
  "another name": `const list = []; export function bump() { const same = list; return same.push(1); }`,
  "another name, assigned later": `const list = []; export function bump() { let same; same = list; return same.push(1); }`,
  "a part of it": `const box = { list: [] }; export function bump() { const { list } = box; return list.push(1); }`,
  "what a Map holds": `const boxes = new Map([["a", { n: 0 }]]); export function bump() { const box = boxes.get("a"); box.n++; return box.n; }`,
  "what a loop goes over": `const boxes = [{ n: 0 }]; export function bump() { for (const box of boxes) box.n++; return boxes[0].n; }`,
  "what a callback is given": `const boxes = [{ n: 0 }]; export function bump() { boxes.forEach((box) => { box.n++; }); return boxes[0].n; }`,
  "what a copy shares": `const boxes = [{ n: 0 }]; export function bump() { const found = boxes.filter(() => true); found[0].n++; return boxes[0].n; }`,
  "a parameter": `const list = []; function add(to) { return to.push(1); } export const bump = () => add(list);`,
  "a parameter's part": `const box = { list: [] }; function add({ list }) { return list.push(1); } export const bump = () => add(box);`,
  "what a function returns": `const list = []; function store() { return list; } export const bump = () => store().push(1);`,
  "what a function returns from itself": `const list = []; function store(n) { if (n === 0) return list; return store(n - 1); } export const bump = () => store(3).push(1);`,
  "what functions return from each other": `const list = []; function a(n) { return n === 0 ? list : b(n - 1); } function b(n) { return a(n); } export const bump = () => b(3).push(1);`,
  "what one of two functions returns": `const list = []; const store = () => list; const other = () => []; export function bump(no) { const found = no ? other() : store(); return found.push(1); }`,
  "what a function returns in the end": `const list = []; const store = () => list; export function bump() { const found = (0, undefined ?? store()); return found.push(1); }`,
  "an object that holds it": `const list = []; const services = { list }; export const bump = () => services.list.push(1);`,
  "what an instance was given": `class Log { constructor(list) { this.list = list; } add() { return this.list.push(1); } } const list = []; const log = new Log(list); export const bump = () => log.add();`,
  "a pattern with the flag g": `const word = /a/g; export function bump() { word.test("aaa"); return word.lastIndex; }`,
  "a generator": `function* numbers() { for (let n = 1; ; n++) yield n; } const stream = numbers(); export const bump = () => stream.next().value;`,
  "a date": `const at = new Date(0); export function bump() { at.setTime(at.getTime() + 1); return at.getTime(); }`,
  "typed bytes": `const bytes = new Uint8Array(1); export function bump() { bytes[0] += 1; return bytes[0]; }`,
};

const PACKAGE = JSON.stringify({ name: "small", version: "1.0.0", main: "index.js", type: "module" });
const CALLER = (from: string): string => `
  import { queryGeneric as query, mutationGeneric as mutation, anyApi } from "convex/server";
  import { bump } from "${from}";
  export const twice = query(() => [bump(), bump()]);
  export const write = mutation(async (ctx) => { await ctx.db.insert("rows", { n: bump() }); return bump(); });
  export const nested = query(async (ctx) => [bump(), await ctx.runQuery(anyApi.caller.twice), bump()]);`;

async function expectFresh(app: TestApp): Promise<void> {
  for (let call = 0; call < 3; call += 1) {
    expect((await app.query("caller:twice")).value).toEqual([1, 2]);
    expect((await app.mutation("caller:write")).value).toBe(2);
    expect((await app.query("caller:nested")).value).toEqual([1, [1, 2], 2]);
  }
}

test.each(Object.entries(FORMS))("%s starts anew with every run", async (_name, text) => {
  await expectFresh(await openTexts({ "kept.ts": `// @ts-nocheck\n${text}`, "caller.ts": CALLER("./kept") }));
  await expectFresh(
    await openTexts({
      "node_modules/small/package.json": PACKAGE,
      "node_modules/small/index.js": text,
      "caller.ts": CALLER("small"),
    }),
  );
});

test("a CommonJS package starts anew, too", async () => {
  const text = `let n = 0; const seen = []; exports.bump = () => { seen.push(1); n += 1; return (n + seen.length) / 2; };`;
  await expectFresh(
    await openTexts({
      "node_modules/small/package.json": JSON.stringify({ name: "small", version: "1.0.0", main: "index.js" }),
      "node_modules/small/index.js": text,
      "caller.ts": CALLER("small"),
    }),
  );
});

test("one user is never taken for another", async () => {
  const app = await openTexts({
    "users.ts": `
      let user;
      export async function currentUser(ctx) { if (user) return user; user = (await ctx.auth.getUserIdentity())?.subject ?? null; return user; }`,
    "caller.ts": `
      import { queryGeneric as query } from "convex/server";
      import { currentUser } from "./users";
      export const me = query(async (ctx) => currentUser(ctx));`,
  });
  for (const name of ["ada", "bob"]) {
    const identity = { kind: "user" as const, key: name, attributes: { subject: name, issuer: "test" } };
    expect((await app.query("caller:me", {}, { identity })).value).toBe(name);
  }
});

test("only modules that hold state, and those that import them, are evaluated again", async () => {
  const app = await openTexts({
    "registry.ts": `export const kinds = []; export function register(kind) { kinds.push(kind); return kind; }`,
    "plain.ts": `
      import { queryGeneric as query } from "convex/server";
      import { kinds, register } from "./registry";
      register("plain");
      export const list = query(() => kinds.toSorted());
      export const count = query((ctx) => { const found = []; for (const kind of kinds) found.push(kind); return found.length; });`,
    "kept.ts": `
      import { queryGeneric as query } from "convex/server";
      let n = 0;
      export const next = query(() => ++n);`,
  });
  expect(app.user.analysis.moduleState).toEqual([{ name: "n", file: "../convex/kept.ts", line: 3 }]);
  expect((await app.query("plain:list")).value).toEqual(["plain"]);
  expect((await app.query("plain:count")).value).toBe(1);
  expect(app.user.evaluations).toBe(0);
  const before = app.user.evaluations;
  expect((await app.query("kept:next")).value).toBe(1);
  // The harness runs each query under three sets of rules.
  expect(app.user.evaluations - before).toBe(3);
});

test("what a module with state fills while it loads is not filled twice", async () => {
  const app = await openTexts({
    "registry.ts": `export const kinds = []; export function register(kind) { kinds.push(kind); return kind; }`,
    "kept.ts": `
      import { queryGeneric as query } from "convex/server";
      import { kinds, register } from "./registry";
      let n = 0;
      register("kept");
      export const next = query(() => [++n, kinds.length]);`,
  });
  for (let call = 0; call < 3; call += 1) expect((await app.query("kept:next")).value).toEqual([1, 1]);
});

test("objects of one module that another one's object holds start anew, too", async () => {
  const app = await openTexts({
    "list.ts": `export const list = [];`,
    "log.ts": `import { list } from "./list"; class Log { constructor(given) { this.list = given; } add() { return this.list.push(1); } } export const log = new Log(list);`,
    "caller.ts": `
      import { queryGeneric as query } from "convex/server";
      import { list } from "./list"; import { log } from "./log";
      export const next = query(() => [log.add(), list.length]);`,
  });
  for (let call = 0; call < 3; call += 1) expect((await app.query("caller:next")).value).toEqual([1, 1]);
});

test("frames of modules that are evaluated again point into the developer's files", async () => {
  const app = await openTexts({
    "kept.ts": `import { queryGeneric as query } from "convex/server";\nlet n = 0;\nexport const fails = query(() => {\n  n += 1;\n  throw new Error("n is " + n);\n});`,
  });
  for (let call = 0; call < 2; call += 1) {
    expect((await app.query("kept:fails")).error).toMatch(
      /Uncaught Error: n is 1\n {4}at .*\.\.\/convex\/kept\.ts:5:9/,
    );
  }
});

test("classes of modules that stay are the same in those that are evaluated again", async () => {
  const app = await openTexts({
    "shapes.ts": `export class Shape {} export const make = () => new Shape();`,
    "kept.ts": `
      import { queryGeneric as query, anyApi } from "convex/server";
      import { ConvexError } from "convex/values";
      import { Shape, make } from "./shapes";
      let n = 0;
      export const inner = query(() => { n += 1; throw new ConvexError({ n }); });
      export const outer = query(async (ctx) => {
        n += 1;
        try { await ctx.runQuery(anyApi.kept.inner); } catch (error) { return [error instanceof ConvexError, error.data.n, make() instanceof Shape, n]; }
      });`,
  });
  for (let call = 0; call < 2; call += 1) expect((await app.query("kept:outer")).value).toEqual([true, 1, true, 1]);
});

const NAMES = Object.keys(FORMS);

test("a program of any modules with state answers as a fresh load does", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.nat(NAMES.length - 1), { minLength: 1, maxLength: 5 }),
      fc.array(fc.record({ function: fc.nat(4), times: fc.integer({ min: 1, max: 3 }), isMutation: fc.boolean() }), {
        minLength: 2,
        maxLength: 8,
      }),
      async (forms, calls) => {
        const files: { [name: string]: string } = {};
        for (const [at, form] of forms.entries()) {
          // Each module uses the one before it as well, so states lie behind each other.
          const before = at === 0 ? "" : `import { all as before } from "./m${at - 1}";`;
          const all =
            at === 0 ? `export const all = () => [bump()];` : `export const all = () => [bump(), ...before()];`;
          files[`m${at}.ts`] = `// @ts-nocheck\n${before}\n${FORMS[NAMES[form]!]}\n${all}`;
          files[`f${at}.ts`] = `
            import { queryGeneric as query, mutationGeneric as mutation } from "convex/server";
            import { all } from "./m${at}";
            export const ask = query((ctx, { times }) => { const seen = []; for (let n = 0; n < times; n++) seen.push(all()); return seen; });
            export const change = mutation((ctx, { times }) => { const seen = []; for (let n = 0; n < times; n++) seen.push(all()); return seen; });`;
        }
        const code = await bundleTexts(files);
        const app = await openApp(code);
        for (const { function: number, times, isMutation } of calls) {
          const module = `f${number % forms.length}`;
          const call = async (target: TestApp): Promise<unknown> =>
            isMutation
              ? (await target.mutation(`${module}:change`, { times })).value
              : (await target.query(`${module}:ask`, { times })).value;
          const answer = await call(app);
          expect(answer).toBeDefined();
          expect(answer).toEqual(await call(await openApp(code)));
        }
      },
    ),
    { numRuns: Number(process.env["SIMS"] ?? 6) },
  );
  // Each of its programs is bundled, and loaded for every call.
}, 240_000);
