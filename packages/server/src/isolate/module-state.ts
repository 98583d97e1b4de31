/**
 * Finds what may differ from one run to the next: state that functions keep in modules.
 *
 *   let user;                       assigned in a function
 *   const seen = new Map();         changed in a function: itself, what it holds, through another name, a parameter, a method
 *   const once = memoize(load);     a function made while loading that changes what it has closed over
 *   globalThis.user = …             anything put there
 *
 * What only happens while modules load (filling a registry) is no state: it is the same in every evaluation.
 *
 * The search errs towards state: a method is taken to change its object if any method of that name does. It follows names, not values: it
 * does not see state that is handed through a container of another module or a callback of a library's own.
 *
 * @module
 */
import type { Scope, Variable } from "eslint-scope";
import type * as es from "estree";
import { bare, calledFor, inlineCallOf, isPatternCall, mutationsOf, rootsOf } from "./mutation-sites.ts";
import type { Root } from "./mutation-sites.ts";
import { nameOf } from "./script-parts.ts";
import type { ScriptModule, ScriptParts, SyntaxNode } from "./script-parts.ts";

/** A place that keeps state. */
export interface StatePlace {
  readonly module: ScriptModule;
  readonly name: string;
  /** Where it is declared. */
  readonly position: number;
}

type FunctionNode = es.FunctionDeclaration | es.FunctionExpression | es.ArrowFunctionExpression;

/** Methods of the platform's containers that change nothing; libraries have methods of these names that do. */
const PLAIN_METHODS: ReadonlySet<string> = new Set(
  (
    "map filter slice concat flat flatMap find findIndex findLast some every includes indexOf join at reduce forEach get has keys " +
    "values entries toString size length"
  ).split(" "),
);
const GLOBAL_OBJECTS: ReadonlySet<string> = new Set(["globalThis", "self", "global"]);

/** What a script keeps. */
export interface ModuleState {
  /** In order. */
  readonly places: readonly StatePlace[];
  /** Whether functions put something on the global object. */
  readonly isOnGlobalObject: boolean;
  /** Modules whose objects a module changes while it loads: when it is evaluated again, so must they be. */
  readonly filledBy: ReadonlyMap<ScriptModule, ReadonlySet<ScriptModule>>;
}

/** Searches a whole script. */
export function findModuleState(parts: ScriptParts): ModuleState {
  return new Search(parts).run();
}

class Search {
  readonly #parts: ScriptParts;
  readonly #found = new Map<string, StatePlace>();
  readonly #scopeOf = new Map<es.Node, Scope>();
  /** Calls and reads of members by the member's name. */
  readonly #membersByName = new Map<string, es.MemberExpression[]>();
  readonly #seenVariables = new Set<Variable>();
  readonly #seenInside = new Set<Variable>();
  readonly #seenMethods = new Set<string>();
  readonly #seenParameters = new Set<string>();
  readonly #seenFactories = new Set<FunctionNode>();
  readonly #loadOnly = new Map<FunctionNode, boolean>();
  readonly #filledBy = new Map<ScriptModule, Set<ScriptModule>>();
  #isOnGlobalObject = false;

  constructor(parts: ScriptParts) {
    this.#parts = parts;
    for (const scope of parts.scopes.scopes) {
      const node = scope.block as unknown as es.Node;
      if (scope.type === "function") this.#scopeOf.set(node, scope);
    }
  }

  run(): ModuleState {
    const { parents } = this.#parts;
    const nodes = [...parents.keys()];
    for (const node of nodes) {
      if (node.type !== "MemberExpression" || (node.computed && node.property.type !== "Literal")) continue;
      const name = nameOf(node.property);
      const known = this.#membersByName.get(name);
      if (known === undefined) this.#membersByName.set(name, [node]);
      else known.push(node);
    }
    for (const node of nodes) {
      // What the bundler's helpers remember (that a module was loaded) belongs to the modules.
      if (this.#parts.moduleAt((node as SyntaxNode).start)?.name === "") continue;
      for (const site of mutationsOf(node)) this.#mutated(site.target, site.node);
      if (node.type === "Identifier") this.#assigned(node);
    }
    return {
      // Sorted in place: a copy that nobody else has.
      places: [...this.#found.values()].sort((a, b) => a.position - b.position),
      isOnGlobalObject: this.#isOnGlobalObject,
      filledBy: this.#filledBy,
    };
  }

  /** A variable is assigned, not where it is declared. */
  #assigned(identifier: es.Identifier): void {
    const reference = this.#parts.referenceAt.get(identifier);
    const variable = reference?.resolved;
    if (reference === undefined || variable === null || variable === undefined) return;
    if (!reference.isWrite() || reference.init === true) return;
    this.#variableChanged(variable, identifier);
  }

  /** The object that `target` gives is changed at `at`. */
  #mutated(target: es.Node, at: es.Node, isInside = false): void {
    if (this.#isLoading(at)) {
      this.#filled(target, at);
      return;
    }
    for (const root of rootsOf(target, isInside)) {
      if (root.node.type === "ThisExpression") this.#thisChanged(root.node);
      else this.#rootChanged(root.node, at, root);
    }
    const called = calledFor(target);
    const maker = called === undefined ? undefined : this.#functionOf(this.#variableOf(called));
    if (maker !== undefined) for (const given of this.#returnsOf(maker)) this.#mutated(given, given, isInside);
  }

  /** A module changes an object of another one while it loads. */
  #filled(target: es.Node, at: es.Node): void {
    for (const { node } of rootsOf(target)) {
      const variable = node.type === "Identifier" ? this.#variableOf(node) : undefined;
      const filled =
        variable !== undefined && this.#isModuleLevel(variable.scope) ? this.#parts.moduleOf(variable) : undefined;
      if (filled === undefined) continue;
      for (const module of this.#loadersOf(at, new Set())) {
        if (module === filled) continue;
        const others = this.#filledBy.get(module) ?? new Set();
        this.#filledBy.set(module, others.add(filled));
      }
    }
  }

  /** Modules that execute `node` while they load. */
  #loadersOf(node: es.Node, seen: Set<es.Node>): readonly ScriptModule[] {
    const fn = this.#functionAround(node);
    if (fn === undefined) {
      const module = this.#parts.moduleAt((node as SyntaxNode).start);
      return module === undefined ? [] : [module];
    }
    const name = seen.has(fn) ? undefined : this.#nameOfFunction(fn);
    seen.add(fn);
    if (name === undefined || typeof name === "string") return [];
    return name.references.flatMap(({ identifier }) => {
      const use = identifier as unknown as es.Node;
      return this.#isExport(use) ? [] : this.#loadersOf(use, seen);
    });
  }

  #rootChanged(root: es.Identifier, at: es.Node, { isInside, isResult }: Root): void {
    const variable = this.#variableOf(root);
    if (variable === undefined) {
      if (GLOBAL_OBJECTS.has(root.name)) this.#globalsChanged();
      return;
    }
    // What a function or a static method gives is not held by it.
    if (isResult && isCode(variable)) return;
    if (isPatternCall(at) && (isInside || !isRememberingPattern(variable))) return;
    if (this.#isModuleLevel(variable.scope)) {
      this.#variableChanged(variable, at);
      return;
    }
    this.#captured(variable, at);
    this.#aliasChanged(variable, at, isInside);
  }

  /** What a local variable stands for. */
  #aliasChanged(variable: Variable, at: es.Node, isInside: boolean): void {
    const seen = isInside ? this.#seenInside : this.#seenVariables;
    if (seen.has(variable)) return;
    seen.add(variable);
    for (const def of variable.defs) {
      const node = def.node as unknown as es.Node;
      if (def.type === "Parameter") {
        this.#parameterChanged(
          node as FunctionNode,
          def.index ?? 0,
          isInside || isPattern(def.name as es.Node, node, def.index),
        );
      } else if (node.type === "VariableDeclarator") {
        const declaration = this.#parts.parents.get(node);
        const loop = declaration === undefined ? undefined : this.#parts.parents.get(declaration);
        const looped = loop?.type === "ForOfStatement" && loop.left === declaration ? loop.right : undefined;
        const source = node.init ?? looped;
        const isPart = isInside || looped !== undefined || node.id.type !== "Identifier";
        if (source !== undefined && source !== null) this.#mutated(source, at, isPart);
      }
    }
    // Assigned later: `let list; list = cache.get(key)`.
    for (const { writeExpr, init } of variable.references) {
      if (writeExpr !== undefined && writeExpr !== null && init !== true)
        this.#mutated(writeExpr as es.Node, at, isInside);
    }
  }

  /** A function changes what it is given as its n-th argument. */
  #parameterChanged(fn: FunctionNode, index: number, isInside: boolean): void {
    const key = `${(fn as SyntaxNode).start}:${index}:${isInside}`;
    if (this.#seenParameters.has(key)) return;
    this.#seenParameters.add(key);
    const parent = this.#parts.parents.get(fn);
    const inline = inlineCallOf(fn, parent);
    if (inline?.type === "CallExpression") {
      const callee = bare(inline.callee);
      if (callee.type === "MemberExpression") this.#mutated(callee.object, callee.object, true);
      return;
    }
    const name = this.#nameOfFunction(fn);
    for (const call of name === undefined ? [] : this.#callsOf(name)) {
      const argument = call.arguments[index];
      if (argument !== undefined && argument.type !== "SpreadElement") this.#mutated(argument, call, isInside);
    }
  }

  /** `this` is changed by the method around it. */
  #thisChanged(node: es.Node): void {
    let fn: es.Node | undefined = node;
    // Arrow functions have the `this` of what is around them; one in a class field is a method.
    for (fn = this.#parts.parents.get(fn); fn !== undefined; fn = this.#parts.parents.get(fn)) {
      const parent = this.#parts.parents.get(fn);
      if (fn.type === "ArrowFunctionExpression" && parent?.type === "PropertyDefinition") break;
      if (fn.type === "FunctionExpression" || fn.type === "FunctionDeclaration") break;
    }
    const parent = fn === undefined ? undefined : this.#parts.parents.get(fn);
    if (fn === undefined || parent === undefined) return;
    if (parent.type === "MethodDefinition" && parent.kind === "constructor") return;
    const name = methodName(parent);
    if (name === undefined || this.#seenMethods.has(name)) return;
    this.#seenMethods.add(name);
    for (const member of this.#membersByName.get(name) ?? []) {
      if (!this.#isPlain(member.object, name)) this.#mutated(member.object, member);
    }
  }

  /** Whether an object's method of this name can only be the platform's. */
  #isPlain(object: es.Node, name: string): boolean {
    if (!PLAIN_METHODS.has(name)) return false;
    const node = this.#variableOf(object)?.defs[0]?.node as es.Node | undefined;
    const value = node?.type === "VariableDeclarator" && node.id.type === "Identifier" ? node.init : object;
    if (value === null || value === undefined) return false;
    if (value.type === "NewExpression") {
      return value.callee.type === "Identifier" && ["Map", "Set", "Array", "WeakMap"].includes(value.callee.name);
    }
    return (
      value.type === "ArrayExpression" ||
      value.type === "Literal" ||
      value.type === "TemplateLiteral" ||
      value.type === "MemberExpression" ||
      (value.type === "CallExpression" && value.callee.type === "MemberExpression")
    );
  }

  #variableChanged(variable: Variable, at: es.Node): void {
    if (this.#isLoading(at)) return;
    if (this.#isModuleLevel(variable.scope)) {
      this.#keep(variable);
      return;
    }
    this.#captured(variable, at);
  }

  /** What the variable holds outlives a run, and with it what was put into it while loading. */
  #keep(variable: Variable): void {
    const declared = declarationOf(variable) as SyntaxNode | undefined;
    if (declared === undefined) return;
    const module = this.#parts.moduleAt(declared.start);
    const key = `${variable.name}:${declared.start}`;
    if (module === undefined || this.#found.has(key)) return;
    this.#found.set(key, { module, name: variable.name, position: declared.start });
    for (const def of variable.defs) {
      const node = def.node as unknown as es.Node;
      if (node.type === "VariableDeclarator" && node.init) this.#keepParts(node.init);
    }
  }

  /** `{ cache }`, `[cache]`, `cache`: the same objects under another name. */
  #keepParts(value: es.Node): void {
    if (value.type === "Identifier") {
      const variable = this.#variableOf(value);
      if (variable !== undefined && this.#isModuleLevel(variable.scope)) this.#keep(variable);
    } else if (value.type === "MemberExpression") {
      this.#keepParts(value.object);
    } else if (value.type === "ObjectExpression") {
      for (const entry of value.properties) this.#keepParts(entry.type === "Property" ? entry.value : entry.argument);
    } else if (value.type === "ArrayExpression") {
      for (const element of value.elements) if (element !== null) this.#keepParts(element);
    }
  }

  /** A local variable that functions inside of its own function change: it lives as long as they do. */
  #captured(variable: Variable, at: es.Node): void {
    const declared = declarationOf(variable) ?? at;
    const owner = this.#functionAround(declared);
    if (owner === this.#functionAround(at)) return;
    // Of a block, or of a function that was called where it stands, while loading.
    if (owner === undefined) this.#note(declared, variable.name);
    else this.#factory(owner);
  }

  /** A function gives functions that change what they share: what it made while loading holds state. */
  #factory(fn: FunctionNode): void {
    if (this.#seenFactories.has(fn)) return;
    this.#seenFactories.add(fn);
    const name = this.#nameOfFunction(fn);
    if (name === undefined) {
      if (this.#isGiven(fn)) this.#factoryAround(fn);
      return;
    }
    const uses: readonly es.Node[] =
      typeof name === "string"
        ? (this.#membersByName.get(name) ?? [])
        : name.references.map(({ identifier }) => identifier as unknown as es.Node);
    for (const use of uses) this.#madeAt(use);
  }

  #madeAt(use: es.Node): void {
    const call = this.#parts.parents.get(use);
    if (call?.type !== "CallExpression" && call?.type !== "NewExpression") return;
    if (this.#isLoading(use)) {
      const declarator = this.#declaratorAround(use);
      this.#note(use, declarator?.id.type === "Identifier" ? declarator.id.name : "");
    } else if (call.callee === use && this.#isGiven(call)) {
      this.#factoryAround(use);
    }
  }

  #factoryAround(node: es.Node): void {
    const around = this.#functionAround(node);
    if (around !== undefined) this.#factory(around);
  }

  /** Whether what `value` gives outlives the function around it: it is returned, or a function inside uses it. */
  #isGiven(value: es.Node): boolean {
    const { parents, referenceAt } = this.#parts;
    let node = value;
    for (let at = parents.get(node); at !== undefined; node = at, at = parents.get(at)) {
      if (at.type === "ReturnStatement") return true;
      if (at.type === "ArrowFunctionExpression") return at.body === node;
      if (at.type === "VariableDeclarator") {
        const around = this.#functionAround(at);
        const { id } = at;
        return [...referenceAt].some(
          ([use, { resolved }]) => resolved?.defs[0]?.name === (id as unknown) && this.#functionAround(use) !== around,
        );
      }
      if (
        !/^(?:Property|ObjectExpression|ArrayExpression|AwaitExpression|ConditionalExpression|LogicalExpression|SpreadElement)$/.test(
          at.type,
        )
      ) {
        return false;
      }
    }
    return false;
  }

  #declaratorAround(node: es.Node): es.VariableDeclarator | undefined {
    for (let at: es.Node | undefined = node; at !== undefined; at = this.#parts.parents.get(at)) {
      if (at.type === "VariableDeclarator") return at;
      if (isFunction(at)) return undefined;
    }
    return undefined;
  }

  #note(at: es.Node, name: string): void {
    const position = (at as SyntaxNode).start;
    const module = this.#parts.moduleAt(position);
    if (module !== undefined) this.#found.set(`${name}:${position}`, { module, name, position });
  }

  /** Every module that mentions the global object reads or writes what a run put there. */
  #globalsChanged(): void {
    this.#isOnGlobalObject = true;
    for (const scope of this.#parts.scopes.scopes) {
      for (const { identifier, resolved } of scope.references) {
        const { name } = identifier as unknown as es.Identifier;
        const position = (identifier as unknown as SyntaxNode).start;
        const module = resolved === null && GLOBAL_OBJECTS.has(name) ? this.#parts.moduleAt(position) : undefined;
        if (module !== undefined) this.#found.set(`global:${module.name}`, { module, name, position });
      }
    }
  }

  #variableOf(identifier: es.Node): Variable | undefined {
    return this.#parts.referenceAt.get(identifier)?.resolved ?? undefined;
  }

  /** Modules' own scopes: the script's, and those of CommonJS modules, which are functions that the bundler's helper calls once. */
  #isModuleLevel(scope: Scope): boolean {
    if (scope === this.#parts.top) return true;
    const block = scope.block as unknown as es.Node;
    return scope.type === "function" && this.#isWrapper(block);
  }

  /** `var require_x = __commonJS({ "x.js"(exports, module) { … } })`, and the same with `__esm`. */
  #isWrapper(fn: es.Node): boolean {
    const property = this.#parts.parents.get(fn);
    const object = property?.type === "Property" ? this.#parts.parents.get(property) : undefined;
    const call = object?.type === "ObjectExpression" ? this.#parts.parents.get(object) : undefined;
    return (
      call?.type === "CallExpression" &&
      call.callee.type === "Identifier" &&
      /^__(?:commonJS|esm)/.test(call.callee.name)
    );
  }

  /** The function in which `node` is executed; functions that are called where they stand are no border. None: while loading. */
  #functionAround(node: es.Node): FunctionNode | undefined {
    const { parents, top } = this.#parts;
    for (let at: es.Node | undefined = parents.get(node); at !== undefined; at = parents.get(at)) {
      if (!isFunction(at)) continue;
      if (at === (top.block as unknown as es.Node) || this.#isWrapper(at)) return undefined;
      if (inlineCallOf(at, parents.get(at)) === undefined) return at;
    }
    return undefined;
  }

  /** Whether `node` is executed only while modules load. */
  #isLoading(node: es.Node): boolean {
    const fn = this.#functionAround(node);
    if (fn === undefined) return true;
    const known = this.#loadOnly.get(fn);
    if (known !== undefined) return known;
    // A function that calls itself is as its other callers say.
    this.#loadOnly.set(fn, true);
    const name = this.#nameOfFunction(fn);
    const uses =
      name === undefined || typeof name === "string"
        ? []
        : name.references
            .filter((reference) => reference.init !== true)
            .map(({ identifier }) => identifier as unknown as es.Node)
            .filter((use) => !this.#isExport(use));
    const isLoadOnly =
      uses.length > 0 &&
      uses.every((use) => {
        const call = this.#parts.parents.get(use);
        const isCalled = (call?.type === "CallExpression" || call?.type === "NewExpression") && call.callee === use;
        return isCalled && this.#isLoading(use);
      });
    this.#loadOnly.set(fn, isLoadOnly);
    return isLoadOnly;
  }

  /** `__export(exports, { name: () => name })`: nobody calls the function there. */
  #isExport(use: es.Node): boolean {
    const { parents } = this.#parts;
    const getter = parents.get(use);
    const property = getter?.type === "ArrowFunctionExpression" ? parents.get(getter) : undefined;
    const object = property?.type === "Property" ? parents.get(property) : undefined;
    const call = object?.type === "ObjectExpression" ? parents.get(object) : undefined;
    return call?.type === "CallExpression" && call.callee.type === "Identifier" && call.callee.name === "__export";
  }

  /** The variable that names a function, or the name of a method. */
  #nameOfFunction(fn: FunctionNode): Variable | string | undefined {
    const parent = this.#parts.parents.get(fn);
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

  #functionOf(variable: Variable | undefined): FunctionNode | undefined {
    const node = variable?.defs[0]?.node as es.Node | undefined;
    if (node === undefined) return undefined;
    if (isFunction(node)) return node;
    return node.type === "VariableDeclarator" && node.init && isFunction(node.init) ? node.init : undefined;
  }

  #callsOf(name: Variable | string): readonly es.SimpleCallExpression[] {
    const callees: readonly es.Node[] =
      typeof name === "string"
        ? (this.#membersByName.get(name) ?? [])
        : name.references.map(({ identifier }) => identifier as unknown as es.Node);
    return callees.flatMap((callee) => {
      const call = this.#parts.parents.get(callee);
      return call?.type === "CallExpression" && call.callee === callee ? [call] : [];
    });
  }

  #returnsOf(fn: FunctionNode): readonly es.Node[] {
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
}

/** Whether a parameter is a part of the argument, or another one of the rest. */
function isPattern(name: es.Node, fn: es.Node, index: number | null): boolean {
  return isFunction(fn) && fn.params[index ?? 0] !== name;
}

function isCode(variable: Variable): boolean {
  const node = variable.defs[0]?.node as es.Node | undefined;
  if (node === undefined) return false;
  const value = node.type === "VariableDeclarator" ? node.init : node;
  return value !== null && value !== undefined && (isFunction(value) || /^Class/.test(value.type));
}

function isFunction(node: es.Node): node is FunctionNode {
  return (
    node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression"
  );
}

function declarationOf(variable: Variable): es.Node | undefined {
  return variable.defs[0]?.name as es.Node | undefined;
}

function methodName(parent: es.Node): string | undefined {
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
function isRememberingPattern(variable: Variable): boolean {
  const node = variable.defs[0]?.node as es.Node | undefined;
  if (node?.type !== "VariableDeclarator" || !node.init) return false;
  if (node.init.type === "NewExpression")
    return node.init.callee.type === "Identifier" && node.init.callee.name === "RegExp";
  if (node.init.type !== "Literal") return false;
  return "regex" in node.init && /[gy]/.test(node.init.regex.flags);
}
