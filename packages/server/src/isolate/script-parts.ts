/**
 * A bundled script taken apart into the modules that went into it.
 *
 * The bundler puts all modules into one function, in the order of their evaluation, each behind a comment with its file name:
 *
 *   var __modules = (() => { helpers; // a.ts … // b.ts … ; return … })();  return { "a.js": __modules.m0, … };
 *
 * Every top-level name is declared in one module, and a module depends on those whose names it mentions. That is the graph over which
 * modules are evaluated again (`fresh-modules.ts`), and it is the same when modules come as files of their own.
 *
 * Not here: which of them hold state (`module-state.ts`).
 *
 * @module
 */
import { parse } from "acorn";
import type { Comment } from "acorn";
import { analyze } from "eslint-scope";
import type { Reference, Scope, ScopeManager, Variable } from "eslint-scope";
import type * as es from "estree";

/** A syntax node, with what is around it. */
export type SyntaxNode = es.Node & { readonly start: number; readonly end: number };

/** One module of a script. */
export interface ScriptModule {
  /** The file's name as the bundler wrote it; empty for the bundler's helpers, which come first. */
  readonly name: string;
  /** Top-level statements, in order. */
  readonly statements: SyntaxNode[];
  /** Modules whose names it mentions. */
  readonly imports: Set<ScriptModule>;
}

/** See the module comment. */
export interface ScriptParts {
  readonly text: string;
  readonly modules: readonly ScriptModule[];
  /** The scope of the top-level names. */
  readonly top: Scope;
  readonly scopes: ScopeManager;
  readonly parents: ReadonlyMap<es.Node, es.Node>;
  readonly referenceAt: ReadonlyMap<es.Node, Reference>;
  /** Where the function that holds the modules returns. */
  readonly returnStart: number;
  /** Top-level name of the exports of each module of the app, by module path. */
  readonly exportsOf: ReadonlyMap<string, string>;
  moduleAt(position: number): ScriptModule | undefined;
  /** The module that declares a top-level name. */
  moduleOf(variable: Variable): ScriptModule | undefined;
}

/** @returns Nothing for a script of another form. */
export function takeScriptApart(text: string): ScriptParts | undefined {
  const comments: Comment[] = [];
  const program = parse(text, {
    ecmaVersion: "latest",
    allowReturnOutsideFunction: true,
    ranges: true,
    onComment: comments,
  }) as unknown as es.Program;
  const holder = holderOf(program);
  const body = holder?.body;
  const tableReturn = program.body.at(-1);
  if (holder === undefined || body?.type !== "BlockStatement" || tableReturn?.type !== "ReturnStatement")
    return undefined;
  const last = body.body.at(-1) as SyntaxNode | undefined;
  if (last?.type !== "ReturnStatement") return undefined;
  const scopes = analyze(program, { ecmaVersion: 2022 });
  const top = scopes.acquire(holder);
  const exportsOf = exportNames(tableReturn, body.body);
  if (top === null || exportsOf === undefined) return undefined;
  const statements = body.body.slice(0, -1) as SyntaxNode[];
  const modules = divide(statements, comments);
  const owners = new Map<SyntaxNode, ScriptModule>();
  for (const module of modules) for (const statement of module.statements) owners.set(statement, module);
  const moduleAt = (position: number): ScriptModule | undefined => owners.get(statementAt(statements, position)!);
  const moduleOf = (variable: Variable): ScriptModule | undefined => {
    const [def] = variable.defs;
    return def === undefined ? undefined : moduleAt((def.name as unknown as SyntaxNode).start);
  };
  for (const variable of top.variables) {
    const owner = moduleOf(variable);
    if (owner === undefined) continue;
    for (const { identifier } of variable.references) {
      const user = moduleAt((identifier as unknown as SyntaxNode).start);
      if (user !== undefined && user !== owner) user.imports.add(owner);
    }
  }
  const referenceAt = new Map<es.Node, Reference>();
  for (const scope of scopes.scopes) {
    for (const reference of scope.references) referenceAt.set(reference.identifier as unknown as es.Node, reference);
  }
  const parents = parentsOf(program);
  const returnStart = last.start;
  return { text, modules, top, scopes, parents, referenceAt, returnStart, exportsOf, moduleAt, moduleOf };
}

/** The function that holds all modules: `var __modules = (() => { … })()`. */
function holderOf(program: es.Program): es.ArrowFunctionExpression | undefined {
  for (const statement of program.body) {
    if (statement.type !== "VariableDeclaration") continue;
    const init = statement.declarations[0]?.init;
    if (init?.type === "CallExpression" && init.callee.type === "ArrowFunctionExpression") return init.callee;
  }
  return undefined;
}

/** From `return { "a.js": __modules.m0 }` and `__export(modules_exports, { m0: () => a_exports })`. */
function exportNames(
  tableReturn: es.ReturnStatement,
  statements: readonly es.Node[],
): ReadonlyMap<string, string> | undefined {
  if (tableReturn.argument?.type !== "ObjectExpression") return undefined;
  const pathOf = new Map<string, string>();
  for (const entry of tableReturn.argument.properties) {
    if (entry.type !== "Property" || entry.value.type !== "MemberExpression") return undefined;
    pathOf.set(nameOf(entry.value.property), nameOf(entry.key));
  }
  const found = new Map<string, string>();
  for (const statement of statements) {
    if (statement.type !== "ExpressionStatement" || statement.expression.type !== "CallExpression") continue;
    const [, getters] = statement.expression.arguments;
    if (getters?.type !== "ObjectExpression") continue;
    for (const entry of getters.properties) {
      if (entry.type !== "Property" || entry.value.type !== "ArrowFunctionExpression") break;
      const path = pathOf.get(nameOf(entry.key));
      if (path === undefined || entry.value.body.type !== "Identifier") break;
      found.set(path, entry.value.body.name);
    }
    if (found.size > 0) return found;
  }
  return undefined;
}

/** The name that a key or a property stands for. */
export function nameOf(key: es.Node): string {
  if (key.type === "Identifier") return key.name;
  if (key.type === "PrivateIdentifier") return `#${key.name}`;
  return key.type === "Literal" ? String(key.value) : "";
}

function divide(statements: readonly SyntaxNode[], comments: readonly Comment[]): ScriptModule[] {
  const modules: ScriptModule[] = [{ name: "", statements: [], imports: new Set() }];
  const byName = new Map<string, ScriptModule>();
  let at = 0;
  let current = modules[0]!;
  let before = 0;
  for (const statement of statements) {
    for (; at < comments.length && comments[at]!.start < statement.start; at++) {
      const comment = comments[at]!;
      // Comments inside of a statement are the module's own.
      if (comment.type !== "Line" || comment.start < before) continue;
      const name = comment.value.trim();
      current = byName.get(name) ?? { name, statements: [], imports: new Set() };
      if (!byName.has(name)) modules.push(current);
      byName.set(name, current);
    }
    current.statements.push(statement);
    before = statement.end;
  }
  return modules;
}

function statementAt(statements: readonly SyntaxNode[], position: number): SyntaxNode | undefined {
  let low = 0;
  let high = statements.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (statements[middle]!.end <= position) low = middle + 1;
    else high = middle;
  }
  const found = statements[low];
  return found !== undefined && found.start <= position ? found : undefined;
}

function parentsOf(program: es.Program): ReadonlyMap<es.Node, es.Node> {
  const parents = new Map<es.Node, es.Node>();
  const pending: es.Node[] = [program];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    for (const value of Object.values(node)) {
      for (const child of Array.isArray(value) ? (value as unknown[]) : [value as unknown]) {
        if (typeof child !== "object" || child === null || !("type" in child)) continue;
        parents.set(child as es.Node, node);
        pending.push(child as es.Node);
      }
    }
  }
  return parents;
}
