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
import type { Variable } from "eslint-scope";
import type * as es from "estree";
import { bare, calledFor, inlineCallOf, isPatternCall, mutationsOf, rootsOf } from "./mutation-sites.ts";
import type { Root } from "./mutation-sites.ts";
import type { ScriptModule, ScriptParts, SyntaxNode } from "./script-parts.ts";
import {
  ScriptScopes,
  declarationOf,
  isCode,
  isFunction,
  isPattern,
  isRememberingPattern,
  methodName,
} from "./script-scopes.ts";
import type { FunctionNode } from "./script-scopes.ts";

/** A place that keeps state. */
export interface StatePlace {
  readonly module: ScriptModule;
  readonly name: string;
  /** Where it is declared. */
  readonly position: number;
}

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
  readonly #view: ScriptScopes;
  readonly #seenVariables = new Set<Variable>();
  readonly #seenInside = new Set<Variable>();
  readonly #seenMethods = new Set<string>();
  readonly #seenParameters = new Set<string>();
  readonly #seenFactories = new Set<FunctionNode>();
  readonly #seenMakers = new Set<FunctionNode>();
  readonly #seenMakersInside = new Set<FunctionNode>();
  readonly #filledBy = new Map<ScriptModule, Set<ScriptModule>>();
  #isOnGlobalObject = false;

  constructor(parts: ScriptParts) {
    this.#parts = parts;
    this.#view = new ScriptScopes(parts);
  }

  run(): ModuleState {
    for (const node of this.#parts.parents.keys()) {
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
    if (this.#view.isLoading(at)) {
      this.#filled(target, at);
      return;
    }
    for (const root of rootsOf(target, isInside)) {
      if (root.node.type === "ThisExpression") this.#thisChanged(root.node);
      else this.#rootChanged(root.node, at, root);
    }
    for (const called of calledFor(target)) this.#resultChanged(called, isInside);
  }

  /** What a function gives, called by this name, is changed. */
  #resultChanged(called: es.Identifier, isInside: boolean): void {
    const maker = this.#view.functionOf(this.#view.variableOf(called));
    const seen = isInside ? this.#seenMakersInside : this.#seenMakers;
    // One that gives what it gives to itself tells nothing more the second time.
    if (maker === undefined || seen.has(maker)) return;
    seen.add(maker);
    for (const given of this.#view.returnsOf(maker)) this.#mutated(given, given, isInside);
  }

  /** A module changes an object of another one while it loads. */
  #filled(target: es.Node, at: es.Node): void {
    for (const { node } of rootsOf(target)) {
      const variable = node.type === "Identifier" ? this.#view.variableOf(node) : undefined;
      const filled =
        variable !== undefined && this.#view.isModuleLevel(variable.scope) ? this.#parts.moduleOf(variable) : undefined;
      if (filled === undefined) continue;
      for (const module of this.#view.loadersOf(at, new Set())) {
        if (module === filled) continue;
        const others = this.#filledBy.get(module) ?? new Set();
        this.#filledBy.set(module, others.add(filled));
      }
    }
  }

  #rootChanged(root: es.Identifier, at: es.Node, { isInside, isResult }: Root): void {
    const variable = this.#view.variableOf(root);
    if (variable === undefined) {
      if (GLOBAL_OBJECTS.has(root.name)) this.#globalsChanged();
      return;
    }
    // What a function or a static method gives is not held by it.
    if (isResult && isCode(variable)) return;
    if (isPatternCall(at) && (isInside || !isRememberingPattern(variable))) return;
    if (this.#view.isModuleLevel(variable.scope)) {
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
        this.#parameterChanged(node as FunctionNode, def.index ?? 0, isInside || isPattern(def.name, node, def.index));
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
      if (writeExpr !== undefined && writeExpr !== null && init !== true) this.#mutated(writeExpr, at, isInside);
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
    const name = this.#view.nameOfFunction(fn);
    for (const call of name === undefined ? [] : this.#view.callsOf(name)) {
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
    for (const member of this.#view.membersOf(name)) {
      if (!this.#isPlain(member.object, name)) this.#mutated(member.object, member);
    }
  }

  /** Whether an object's method of this name can only be the platform's. */
  #isPlain(object: es.Node, name: string): boolean {
    if (!PLAIN_METHODS.has(name)) return false;
    const node = this.#view.variableOf(object)?.defs[0]?.node as es.Node | undefined;
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
    if (this.#view.isLoading(at)) return;
    if (this.#view.isModuleLevel(variable.scope)) {
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
      const variable = this.#view.variableOf(value);
      if (variable === undefined || !this.#view.isModuleLevel(variable.scope)) return;
      if (!this.#isCodeByName(variable)) this.#keep(variable);
    } else if (value.type === "NewExpression" || value.type === "CallExpression") {
      for (const argument of value.arguments) this.#keepParts(argument);
    } else if (value.type === "MemberExpression") {
      this.#keepParts(value.object);
    } else if (value.type === "ObjectExpression") {
      for (const entry of value.properties) this.#keepParts(entry.type === "Property" ? entry.value : entry.argument);
    } else if (value.type === "ArrayExpression") {
      for (const element of value.elements) if (element !== null) this.#keepParts(element);
    }
  }

  /** Functions and classes, under whatever names, hold nothing by themselves. */
  #isCodeByName(variable: Variable): boolean {
    if (isCode(variable)) return true;
    const node = variable.defs[0]?.node as es.Node | undefined;
    if (node?.type !== "VariableDeclarator" || node.init?.type !== "Identifier") return false;
    const other = this.#view.variableOf(node.init);
    return other !== undefined && other !== variable && this.#isCodeByName(other);
  }

  /** A local variable that functions inside of its own function change: it lives as long as they do. */
  #captured(variable: Variable, at: es.Node): void {
    const declared = declarationOf(variable) ?? at;
    const owner = this.#view.functionAround(declared);
    if (owner === this.#view.functionAround(at)) return;
    // Of a block, or of a function that was called where it stands, while loading.
    if (owner === undefined) this.#note(declared, variable.name);
    else this.#factory(owner);
  }

  /** A function gives functions that change what they share: what it made while loading holds state. */
  #factory(fn: FunctionNode): void {
    if (this.#seenFactories.has(fn)) return;
    this.#seenFactories.add(fn);
    const name = this.#view.nameOfFunction(fn);
    if (name === undefined) {
      if (this.#isGiven(fn)) this.#factoryAround(fn);
      return;
    }
    const uses: readonly es.Node[] =
      typeof name === "string"
        ? this.#view.membersOf(name)
        : name.references.map(({ identifier }) => identifier as unknown as es.Node);
    for (const use of uses) this.#madeAt(use);
  }

  #madeAt(use: es.Node): void {
    const call = this.#parts.parents.get(use);
    if (call?.type !== "CallExpression" && call?.type !== "NewExpression") return;
    if (this.#view.isLoading(use)) {
      const declarator = this.#declaratorAround(use);
      this.#note(use, declarator?.id.type === "Identifier" ? declarator.id.name : "");
    } else if (call.callee === use && this.#isGiven(call)) {
      this.#factoryAround(use);
    }
  }

  #factoryAround(node: es.Node): void {
    const around = this.#view.functionAround(node);
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
        const around = this.#view.functionAround(at);
        const { id } = at;
        return [...referenceAt].some(
          ([use, { resolved }]) =>
            resolved?.defs[0]?.name === (id as unknown) && this.#view.functionAround(use) !== around,
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
}
