/**
 * Where a script changes objects: `x.a = 1`, `x.a++`, `delete x.a`, `x.push(1)`, `Object.assign(x, …)`, and what `x` may be.
 *
 * @module
 */
import type * as es from "estree";
import { nameOf } from "./script-parts.ts";

/** A change of an object. */
export interface MutationSite {
  /** The expression that gives the object. */
  readonly target: es.Node;
  readonly node: es.Node;
}

/** Methods of the platform's containers that change them. */
export const MUTATORS: ReadonlySet<string> = new Set(
  (
    "set add delete clear push pop shift unshift splice sort reverse fill copyWithin append next enterWith " +
    "setTime setDate setFullYear setHours setMilliseconds setMinutes setMonth setSeconds setUTCDate setUTCFullYear setUTCHours " +
    "setUTCMilliseconds setUTCMinutes setUTCMonth setUTCSeconds setInt8 setInt16 setInt32 setUint8 setUint16 setUint32 setFloat32 " +
    "setFloat64 setBigInt64 setBigUint64"
  ).split(" "),
);
/** Methods that change their pattern if it has the flag `g` or `y`. */
const PATTERN_METHODS: ReadonlySet<string> = new Set(["exec", "test"]);
/** Functions of `Object` and `Reflect` that change their first argument. */
const STATIC_MUTATORS: ReadonlySet<string> = new Set(
  "assign defineProperty defineProperties setPrototypeOf freeze seal preventExtensions set deleteProperty".split(" "),
);
/** Methods that call the function they are given before they return. */
const CALLBACK_METHODS: ReadonlySet<string> = new Set(
  (
    "map forEach filter reduce reduceRight some every find findIndex findLast findLastIndex flatMap sort toSorted from replace " +
    "replaceAll"
  ).split(" "),
);

/** The change that `node` makes, if it makes one to an object. A declared or assigned variable is none. */
export function mutationsOf(node: es.Node): readonly MutationSite[] {
  switch (node.type) {
    case "AssignmentExpression":
      return memberTargets(node.left).map((target) => ({ target, node }));
    case "UpdateExpression":
      return memberTargets(node.argument).map((target) => ({ target, node }));
    case "UnaryExpression":
      return node.operator === "delete" ? memberTargets(bare(node.argument)).map((target) => ({ target, node })) : [];
    case "ForInStatement":
    case "ForOfStatement":
      return memberTargets(node.left).map((target) => ({ target, node }));
    case "CallExpression":
      return mutationsOfCall(node);
    default:
      return [];
  }
}

function mutationsOfCall(node: es.SimpleCallExpression): readonly MutationSite[] {
  const callee = bare(node.callee);
  if (callee.type !== "MemberExpression") return [];
  const name = nameOf(callee.property);
  const isStatic = callee.object.type === "Identifier" && ["Object", "Reflect"].includes(callee.object.name);
  const [first] = node.arguments;
  if (isStatic) return STATIC_MUTATORS.has(name) && first !== undefined ? [{ target: first, node }] : [];
  if (MUTATORS.has(name) || PATTERN_METHODS.has(name)) return [{ target: callee.object, node }];
  return [];
}

/** Whether a change by this method counts only for patterns that remember where they were. */
export function isPatternCall(node: es.Node): boolean {
  if (node.type !== "CallExpression") return false;
  const callee = bare(node.callee);
  return callee.type === "MemberExpression" && PATTERN_METHODS.has(nameOf(callee.property));
}

function memberTargets(left: es.Node): readonly es.Node[] {
  switch (left.type) {
    case "MemberExpression":
      return [left.object];
    case "ArrayPattern":
      return left.elements.flatMap((element) => (element === null ? [] : memberTargets(element)));
    case "ObjectPattern":
      return left.properties.flatMap((property) =>
        memberTargets(property.type === "Property" ? property.value : property.argument),
      );
    case "AssignmentPattern":
      return memberTargets(left.left);
    case "RestElement":
      return memberTargets(left.argument);
    default:
      return [];
  }
}

/** Without what does not change which object it is. */
export function bare(node: es.Node): es.Node {
  return node.type === "ChainExpression" ? bare(node.expression) : node;
}

/** Methods whose result is a new object; what it holds may be old. */
const FRESH_RESULTS: ReadonlySet<string> = new Set(
  (
    "map filter slice concat flat flatMap toSorted toReversed toSpliced with from of keys entries values split match matchAll replace " +
    "replaceAll trim join toString toLowerCase toUpperCase"
  ).split(" "),
);

/** Where an object comes from. */
export interface Root {
  readonly node: es.Identifier | es.ThisExpression;
  /** It is not what the name stands for, but something that is held by that. */
  readonly isInside: boolean;
  /** A method's result is on the way. */
  readonly isResult: boolean;
}

/** Where objects come from: variables and `this`. Members and results of methods belong to what they are of. */
export function rootsOf(expression: es.Node, isInside = false, isResult = false): readonly Root[] {
  const node = bare(expression);
  switch (node.type) {
    case "Identifier":
    case "ThisExpression":
      return [{ node, isInside, isResult }];
    case "MemberExpression":
      return rootsOf(node.object, true, isResult);
    case "CallExpression": {
      const callee = bare(node.callee);
      if (callee.type !== "MemberExpression") return [];
      if (!isInside && FRESH_RESULTS.has(nameOf(callee.property))) return [];
      return rootsOf(callee.object, true, true);
    }
    case "AwaitExpression":
      return rootsOf(node.argument, isInside, isResult);
    case "AssignmentExpression":
      return [
        ...rootsOf(node.right, isInside, isResult),
        ...(node.left.type === "Identifier" ? [{ node: node.left, isInside, isResult }] : []),
      ];
    case "ConditionalExpression":
      return [...rootsOf(node.consequent, isInside, isResult), ...rootsOf(node.alternate, isInside, isResult)];
    case "LogicalExpression":
      return [...rootsOf(node.left, isInside, isResult), ...rootsOf(node.right, isInside, isResult)];
    case "SequenceExpression":
      return rootsOf(node.expressions.at(-1)!, isInside, isResult);
    default:
      return [];
  }
}

/** The functions called by name whose results `expression` can be, or belong to: `cache` of `cache().entries.get(1)`. */
export function calledFor(expression: es.Node): readonly es.Identifier[] {
  const node = bare(expression);
  switch (node.type) {
    case "MemberExpression":
      return calledFor(node.object);
    case "AwaitExpression":
      return calledFor(node.argument);
    case "AssignmentExpression":
      return calledFor(node.right);
    case "ConditionalExpression":
      return [...calledFor(node.consequent), ...calledFor(node.alternate)];
    case "LogicalExpression":
      return [...calledFor(node.left), ...calledFor(node.right)];
    case "SequenceExpression":
      return calledFor(node.expressions.at(-1)!);
    case "CallExpression": {
      const callee = bare(node.callee);
      if (callee.type === "Identifier") return [callee];
      return callee.type === "MemberExpression" ? calledFor(callee.object) : [];
    }
    default:
      return [];
  }
}

/** The call that runs `fn` while it itself runs: `items.map(fn)`, `(fn)()`, `new Promise(fn)`. */
export function inlineCallOf(fn: es.Node, parent: es.Node | undefined): es.Node | undefined {
  if (parent === undefined) return undefined;
  if (parent.type === "NewExpression") {
    return parent.callee.type === "Identifier" && parent.callee.name === "Promise" ? parent : undefined;
  }
  if (parent.type !== "CallExpression") return undefined;
  if (parent.callee === fn) return parent;
  const callee = bare(parent.callee);
  return callee.type === "MemberExpression" && CALLBACK_METHODS.has(nameOf(callee.property)) ? parent : undefined;
}
