/**
 * The language that user code is written in: what the engine of Convex has and an older Node lacks, and one locale everywhere.
 *
 * What is there already stays; core-js adds only what is missing. It adds to the built-ins of this thread, which the server's code shares: what is added
 * is what newer engines have, so nothing of the server's means anything else by it.
 *
 * Not here: the time zone. It is one of the whole process, which the command sets before threads start.
 *
 * @module
 */
import "core-js/modules/es.array-buffer.transfer.js";
import "core-js/modules/es.array-buffer.transfer-to-fixed-length.js";
import "core-js/modules/es.array.from-async.js";
import "core-js/modules/es.iterator.constructor.js";
import "core-js/modules/es.iterator.drop.js";
import "core-js/modules/es.iterator.every.js";
import "core-js/modules/es.iterator.filter.js";
import "core-js/modules/es.iterator.find.js";
import "core-js/modules/es.iterator.flat-map.js";
import "core-js/modules/es.iterator.for-each.js";
import "core-js/modules/es.iterator.from.js";
import "core-js/modules/es.iterator.map.js";
import "core-js/modules/es.iterator.reduce.js";
import "core-js/modules/es.iterator.some.js";
import "core-js/modules/es.iterator.take.js";
import "core-js/modules/es.iterator.to-array.js";
import "core-js/modules/es.map.group-by.js";
import "core-js/modules/es.object.group-by.js";
import "core-js/modules/es.promise.try.js";
import "core-js/modules/es.promise.with-resolvers.js";
import "core-js/modules/es.set.difference.v2.js";
import "core-js/modules/es.set.intersection.v2.js";
import "core-js/modules/es.set.is-disjoint-from.v2.js";
import "core-js/modules/es.set.is-subset-of.v2.js";
import "core-js/modules/es.set.is-superset-of.v2.js";
import "core-js/modules/es.set.symmetric-difference.v2.js";
import "core-js/modules/es.set.union.v2.js";

const LOCALE = "en-US";

/** Methods that take the machine's locale where none is given, and which argument it is. */
const METHODS: readonly (readonly [prototype: object, names: readonly string[], argument: number])[] = [
  [Number.prototype, ["toLocaleString"], 0],
  [BigInt.prototype, ["toLocaleString"], 0],
  [Date.prototype, ["toLocaleString", "toLocaleDateString", "toLocaleTimeString"], 0],
  [String.prototype, ["toLocaleUpperCase", "toLocaleLowerCase"], 0],
  [String.prototype, ["localeCompare"], 1],
];

type Callable = (...args: readonly unknown[]) => unknown;

/** Makes en-US the locale of this thread, whatever the machine's is; once, however often it is called. The platform has no setting for it. */
export function useOneLocale(): void {
  if (new Intl.NumberFormat().resolvedOptions().locale === LOCALE) return;
  for (const [prototype, names, argument] of METHODS) {
    for (const name of names) {
      const method = Reflect.get(prototype, name) as Callable;
      const apply = (target: Callable, self: unknown, args: unknown[]): unknown =>
        Reflect.apply(target, self, withLocale(args, argument));
      define(prototype, name, new Proxy(method, { apply }));
    }
  }
  for (const name of Object.getOwnPropertyNames(Intl)) {
    const built: unknown = Reflect.get(Intl, name);
    // `Locale` has no default; what is no class (`getCanonicalLocales`) has none either.
    if (typeof built !== "function" || !("supportedLocalesOf" in built)) continue;
    define(Intl, name, constructorOf(built as unknown as IntlClass));
  }
}

interface IntlClass extends Callable {
  readonly prototype: object;
}

function constructorOf(built: IntlClass): IntlClass {
  const proxy: IntlClass = new Proxy(built, {
    apply: (target, self, args) => Reflect.apply(target, self, withLocale(args, 0)),
    // A class of its own (`new.target`) stays the one that is made.
    construct: (target, args, made) => Reflect.construct(target, withLocale(args, 0), made) as object,
  });
  define(built.prototype, "constructor", proxy);
  return proxy;
}

function withLocale(args: readonly unknown[], argument: number): readonly unknown[] {
  if (args[argument] !== undefined) return args;
  const filled = [...args];
  filled[argument] = LOCALE;
  return filled;
}

function define(on: object, name: string, value: unknown): void {
  Object.defineProperty(on, name, { value, writable: true, configurable: true, enumerable: false });
}
