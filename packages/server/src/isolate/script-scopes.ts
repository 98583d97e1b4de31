/**
 * Who executes what in a script: which function code stands in, who calls that by name, and whether it is executed only while modules load.
 *
 * @module
 */
import type { Scope, Variable } from "eslint-scope";
import type * as es from "estree";
import { inlineCallOf } from "./mutation-sites.ts";
import { nameOf } from "./script-parts.ts";
import type { ScriptModule, ScriptParts, SyntaxNode } from "./script-parts.ts";

export type FunctionNode = es.FunctionDeclaration | es.FunctionExpression | es.ArrowFunctionExpression;

/** See the module comment. */
export class ScriptScopes {
  readonly parts: ScriptParts;
  readonly #scopeOf = new Map<es.Node, Scope>();
  readonly #membersByName = new Map<string, es.MemberExpression[]>();
  readonly #loadOnly = new Map<FunctionNode, boolean>();

  constructor(parts: ScriptParts) {
    this.parts = parts;
    for (const scope of parts.scopes.scopes) if (scope.type === "function") this.#scopeOf.set(scope.block, scope);
    for (const node of parts.parents.keys()) {
      if (node.type !== "MemberExpression" || (node.computed && node.property.type !== "Literal")) continue;
      const name = nameOf(node.property);
      const known = this.#membersByName.get(name);
      if (known === undefined) this.#membersByName.set(name, [node]);
      else known.push(node);
    }
  }

  /** Calls and reads of members of this name. */
  membersOf(name: string): readonly es.MemberExpression[] {
    return this.#membersByName.get(name) ?? [];
  }

  variableOf(identifier: es.Node): Variable | undefined {
    return this.parts.referenceAt.get(identifier)?.resolved ?? undefined;
  }

  /** Modules' own scopes: the script's, and those of CommonJS modules, which are functions that the bundler's helper calls once. */
  isModuleLevel(scope: Scope): boolean {
    if (scope === this.parts.top) return true;
    const { block } = scope;
    return scope.type === "function" && this.isWrapper(block);
  }

  /** `var require_x = __commonJS({ "x.js"(exports, module) { … } })`, and the same with `__esm`. */
  isWrapper(fn: es.Node): boolean {
    const property = this.parts.parents.get(fn);
    const object = property?.type === "Property" ? this.parts.parents.get(property) : undefined;
    const call = object?.type === "ObjectExpression" ? this.parts.parents.get(object) : undefined;
    return (
      call?.type === "CallExpression" &&
      call.callee.type === "Identifier" &&
      /^__(?:commonJS|esm)/.test(call.callee.name)
    );
  }

  /** The function in which `node` is executed; functions that are called where they stand are no border. None: while loading. */
  functionAround(node: es.Node): FunctionNode | undefined {
    const { parents, top } = this.parts;
    for (let at: es.Node | undefined = parents.get(node); at !== undefined; at = parents.get(at)) {
      if (!isFunction(at)) continue;
      if (at === top.block || this.isWrapper(at)) return undefined;
      if (inlineCallOf(at, parents.get(at)) === undefined) return at;
    }
    return undefined;
  }

  /** Whether `node` is executed only while modules load. */
  isLoading(node: es.Node): boolean {
    const fn = this.functionAround(node);
    return fn === undefined || this.#isLoadOnly(fn);
  }

  /** Whether all who call a function, and those who call them, do so only while modules load. Functions may call each other in a circle. */
  #isLoadOnly(first: FunctionNode): boolean {
    const known = this.#loadOnly.get(first);
    if (known !== undefined) return known;
    const callers = new Set([first]);
    for (const fn of callers) {
      const around = this.#loadOnly.get(fn) === true ? [] : this.#callersOf(fn);
      if (around === undefined || around.some((caller) => this.#loadOnly.get(caller) === false)) {
        this.#loadOnly.set(first, false);
        return false;
      }
      for (const caller of around) callers.add(caller);
    }
    for (const fn of callers) this.#loadOnly.set(fn, true);
    return true;
  }

  /** The functions in which a function is called; none for calls while loading. Undefined if it may be called from elsewhere, or never. */
  #callersOf(fn: FunctionNode): readonly FunctionNode[] | undefined {
    const name = this.nameOfFunction(fn);
    if (name === undefined || typeof name === "string") return undefined;
    const uses = name.references
      .filter((reference) => reference.init !== true)
      .map(({ identifier }) => identifier as unknown as es.Node)
      .filter((use) => !this.isExport(use));
    const callers: FunctionNode[] = [];
    for (const use of uses) {
      const call = this.parts.parents.get(use);
      if ((call?.type !== "CallExpression" && call?.type !== "NewExpression") || call.callee !== use) return undefined;
      const caller = this.functionAround(use);
      if (caller !== undefined && caller !== fn) callers.push(caller);
    }
    return uses.length === 0 ? undefined : callers;
  }

  /** `__export(exports, { name: () => name })`: nobody calls the function there. */
  isExport(use: es.Node): boolean {
    const { parents } = this.parts;
    const getter = parents.get(use);
    const property = getter?.type === "ArrowFunctionExpression" ? parents.get(getter) : undefined;
    const object = property?.type === "Property" ? parents.get(property) : undefined;
    const call = object?.type === "ObjectExpression" ? parents.get(object) : undefined;
    return call?.type === "CallExpression" && call.callee.type === "Identifier" && call.callee.name === "__export";
  }

  /** The variable that names a function, or the name of a method. */
  nameOfFunction(fn: FunctionNode): Variable | string | undefined {
    const parent = this.parts.parents.get(fn);
    const scope = this.#scopeOf.get(fn)?.upper;
    const id =
      fn.type === "FunctionDeclaration" ? fn.id : parent?.type === "VariableDeclarator" ? parent.id : undefined;
    if (id?.type === "Identifier") {
      for (let at = scope; at !== undefined && at !== null; at = at.upper) {
        const variable = at.set.get(id.name);
        if (variable !== undefined) return variable;
      }
    }
    return parent === undefined ? undefined : methodName(parent);
  }

  functionOf(variable: Variable | undefined): FunctionNode | undefined {
    const node = variable?.defs[0]?.node as es.Node | undefined;
    if (node === undefined) return undefined;
    if (isFunction(node)) return node;
    return node.type === "VariableDeclarator" && node.init && isFunction(node.init) ? node.init : undefined;
  }

  callsOf(name: Variable | string): readonly es.SimpleCallExpression[] {
    const callees: readonly es.Node[] =
      typeof name === "string"
        ? this.membersOf(name)
        : name.references.map(({ identifier }) => identifier as unknown as es.Node);
    return callees.flatMap((callee) => {
      const call = this.parts.parents.get(callee);
      return call?.type === "CallExpression" && call.callee === callee ? [call] : [];
    });
  }

  returnsOf(fn: FunctionNode): readonly es.Node[] {
    if (fn.body.type !== "BlockStatement") return [fn.body];
    const found: es.Node[] = [];
    const visit = (node: es.Node): void => {
      if (node.type === "ReturnStatement" && node.argument) found.push(node.argument);
      if (isFunction(node)) return;
      for (const value of Object.values(node)) {
        for (const child of Array.isArray(value) ? (value as unknown[]) : [value as unknown]) {
          if (typeof child === "object" && child !== null && "type" in child) visit(child as es.Node);
        }
      }
    };
    visit(fn.body);
    return found;
  }

  /** Modules that execute `node` while they load. */
  loadersOf(node: es.Node, seen: Set<es.Node>): readonly ScriptModule[] {
    const fn = this.functionAround(node);
    if (fn === undefined) {
      const module = this.parts.moduleAt((node as SyntaxNode).start);
      return module === undefined ? [] : [module];
    }
    const name = seen.has(fn) ? undefined : this.nameOfFunction(fn);
    seen.add(fn);
    if (name === undefined || typeof name === "string") return [];
    return name.references.flatMap(({ identifier }) => {
      const use = identifier as unknown as es.Node;
      return this.isExport(use) ? [] : this.loadersOf(use, seen);
    });
  }
}

/** Whether a parameter is a part of the argument, or another one of the rest. */
export function isPattern(name: es.Node, fn: es.Node, index: number | null): boolean {
  return isFunction(fn) && fn.params[index ?? 0] !== name;
}

/** Whether a variable names a function or a class. */
export function isCode(variable: Variable): boolean {
  const node = variable.defs[0]?.node as es.Node | undefined;
  if (node === undefined) return false;
  const value = node.type === "VariableDeclarator" ? node.init : node;
  return value !== null && value !== undefined && (isFunction(value) || value.type.startsWith("Class"));
}

/** Whether `node` is a function. */
export function isFunction(node: es.Node): node is FunctionNode {
  return (
    node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression"
  );
}

/** Where a variable is declared. */
export function declarationOf(variable: Variable): es.Node | undefined {
  return variable.defs[0]?.name;
}

/** The name under which an object has the function that stands in `parent`. */
export function methodName(parent: es.Node): string | undefined {
  if (parent.type === "MethodDefinition" || parent.type === "PropertyDefinition" || parent.type === "Property") {
    return parent.key.type === "Identifier" || parent.key.type === "PrivateIdentifier" || parent.key.type === "Literal"
      ? nameOf(parent.key)
      : undefined;
  }
  // `Counter.prototype.add = function () { … }`
  if (parent.type !== "AssignmentExpression" || parent.left.type !== "MemberExpression") return undefined;
  return nameOf(parent.left.property);
}

/** A pattern with the flag `g` or `y` keeps the place of its last match. */
export function isRememberingPattern(variable: Variable): boolean {
  const node = variable.defs[0]?.node as es.Node | undefined;
  if (node?.type !== "VariableDeclarator" || !node.init) return false;
  if (node.init.type === "NewExpression")
    return node.init.callee.type === "Identifier" && node.init.callee.name === "RegExp";
  if (node.init.type !== "Literal") return false;
  return "regex" in node.init && /[gy]/.test(node.init.regex.flags);
}
