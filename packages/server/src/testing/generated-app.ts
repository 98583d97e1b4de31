/**
 * An app whose functions are data: `q` reads as its program says, `w` writes as its steps say. What a program can do with `ctx.db` and with
 * documents is what apps do.
 *
 * @module
 */

/** Files of the app. */
export const GENERATED_APP = {
  "app.ts": `
import { mutationGeneric as mutation, queryGeneric as query } from "convex/server";

const bound = (range, [type, field, value]) => range[type](field, value);
const fieldOf = (doc, path) => path.split(".").reduce((value, name) => value?.[name], doc);

function expression(q, filter) {
  const [op, ...operands] = filter;
  if (op === "and" || op === "or") return q[op](...operands.map((operand) => expression(q, operand)));
  if (op === "not") return q.not(expression(q, operands[0]));
  return q[op](q.field(operands[0]), operands[1]);
}

function rowsOf(ctx, { table, index, range, order, filters }) {
  let rows = ctx.db.query(table);
  if (index !== null) rows = rows.withIndex(index, (q) => range.reduce(bound, q));
  if (order !== null) rows = rows.order(order);
  for (const filter of filters) rows = rows.filter((q) => expression(q, filter));
  return rows;
}

const USES = {
  whole: (doc) => doc,
  spread: (doc) => ({ ...doc, more: 1 }),
  rest: ({ _id, a, ...rest }) => rest,
  field: (doc, f) => doc[f] ?? null,
  two: (doc, f) => [doc.a ?? null, doc[f] ?? null],
  nested: (doc) => doc.n?.x ?? null,
  has: (doc, f) => f in doc,
  own: (doc, f) => Object.hasOwn(doc, f),
  keys: (doc) => Object.keys(doc).sort(),
  json: (doc) => JSON.stringify(doc),
  clone: (doc) => structuredClone(doc),
  text: (doc, f) => \`\${doc[f]}\`,
  guarded: (doc, f) => (doc.a > 1 ? (doc[f] ?? null) : "low"),
  written: (doc, f) => { doc[f] = 7; doc.extra = 1; return doc; },
  deleted: (doc, f) => { delete doc[f]; return [f in doc, doc.a ?? null]; },
  pushed: (doc) => { doc.l?.push(9); return doc.l ?? null; },
  logged: (doc) => { console.log(doc); return 0; },
  nothing: () => 0,
};
const use = (doc, [how, field]) => (doc === null ? null : USES[how](doc, field));

const OPS = {
  get: async (ctx, op) => use(await ctx.db.get(op.id), op.use),
  all: async (ctx, op) => (await rowsOf(ctx, op.rows).collect()).map((doc) => use(doc, op.use)),
  take: async (ctx, op) => (await rowsOf(ctx, op.rows).take(op.count)).map((doc) => use(doc, op.use)),
  first: async (ctx, op) => use(await rowsOf(ctx, op.rows).first(), op.use),
  length: async (ctx, op) => (await rowsOf(ctx, op.rows).collect()).length,
  until: async (ctx, op) => {
    const seen = [];
    for await (const doc of rowsOf(ctx, op.rows)) {
      seen.push(use(doc, op.use));
      if (fieldOf(doc, op.field) === op.value) break;
    }
    return seen;
  },
  page: async (ctx, op) => {
    const { page, ...rest } = await rowsOf(ctx, op.rows).paginate({ cursor: null, numItems: op.count });
    return [page.map((doc) => use(doc, op.use)), rest];
  },
  sorted: async (ctx, op) => (await rowsOf(ctx, op.rows).collect())
    .sort((x, y) => (x[op.field] ?? -1) - (y[op.field] ?? -1)).map(({ _id }) => _id).slice(0, 2),
  where: async (ctx, op) => (await rowsOf(ctx, op.rows).collect())
    .filter((doc) => doc[op.field] === op.value).map((doc) => use(doc, op.use)),
  join: async (ctx, op) => {
    const pairs = [];
    for (const doc of await rowsOf(ctx, op.rows).collect()) {
      const other = typeof doc.ref === "string" ? await ctx.db.get(doc.ref) : null;
      pairs.push([doc.a ?? null, use(other, op.use)]);
    }
    return pairs;
  },
  lookUp: async (ctx, op) => {
    const found = [];
    for (const doc of await rowsOf(ctx, op.rows).take(op.count)) {
      const [first] = op.inner.range;
      const inner = first === undefined ? op.inner : { ...op.inner, range: [["eq", first[1], doc.a ?? null]] };
      found.push((await rowsOf(ctx, inner).collect()).map((other) => use(other, op.use)));
    }
    return found;
  },
  if: async (ctx, op) => {
    const doc = await ctx.db.get(op.id);
    return run(ctx, [(doc?.[op.field] ?? 0) > 1 ? op.high : op.low]);
  },
};

async function run(ctx, program) {
  const results = [];
  for (const op of program) results.push(await OPS[op.op](ctx, op));
  return results;
}

export const q = query(async (ctx, { program }) => run(ctx, program));

export const w = mutation(async (ctx, { steps }) => {
  const ids = [];
  for (const { op, table, id, fields, without } of steps) {
    const absent = Object.fromEntries(without.map((name) => [name, undefined]));
    if (op === "insert") ids.push(await ctx.db.insert(table, fields));
    else if (op === "patch") await ctx.db.patch(id, { ...fields, ...absent });
    else if (op === "replace") await ctx.db.replace(id, fields);
    else await ctx.db.delete(id);
  }
  return ids;
});
`,
};
