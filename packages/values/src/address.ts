/**
 * Addresses: which function, and which table, of which component.
 *
 * Inside, functions and tables are known by these plain objects; they cross threads as they are. A text of one is made where a text is needed
 * (logs, messages, keys of stored rows and maps) and parsed where one comes in.
 *
 *   component `""` (the app)    messages:list              messages
 *   component `mail/pool`       mail/pool::lib:enqueue     mail/pool::work
 *
 * Invariants:
 *   - What is printed is parsed to the same address, and no two addresses have one text, whatever a client sends as a path.
 *   - The texts of the app's own functions and tables are those that clients and tools use.
 *
 * Whether a function is public or internal, or who may call it, is no part of its address.
 *
 * @module
 */

/** A function. */
export interface FunctionAddress {
  /** The component's path, such as `mail/pool`; {@linkcode ROOT_COMPONENT}: the app itself. */
  readonly component: string;
  /** Canonical, `dir/mod:fn`; see `canonicalFunctionPath`. */
  readonly path: string;
}

/** A table. */
export interface TableAddress {
  readonly component: string;
  /** Its name within the component. */
  readonly table: string;
}

/** The app itself, which components are mounted in. */
export const ROOT_COMPONENT = "";

const SEPARATOR = "::";
const COMPONENT_PATH = /^(?:[A-Za-z_][A-Za-z0-9_]*(?:\/[A-Za-z_][A-Za-z0-9_]*)*)?$/;

/** What is wrong with the path of a component; `undefined` when it is good. */
export function componentPathError(component: string): string | undefined {
  if (COMPONENT_PATH.test(component)) return undefined;
  return `Component path "${component}" is not valid: it should be names joined by "/", each of letters, digits and underscores`;
}

/** A function of the app itself. */
export function rootFunction(path: string): FunctionAddress {
  return { component: ROOT_COMPONENT, path };
}

/** A table of the app itself. */
export function rootTable(table: string): TableAddress {
  return { component: ROOT_COMPONENT, table };
}

/** The one text of a function's address. */
export function printFunction({ component, path }: FunctionAddress): string {
  return print(component, path);
}

/** The address whose text this is. */
export function parseFunction(text: string): FunctionAddress {
  const [component, path] = parse(text);
  return { component, path };
}

/** The one text of a table's address. */
export function printTable({ component, table }: TableAddress): string {
  return print(component, table);
}

/** The address whose text this is. */
export function parseTable(text: string): TableAddress {
  const [component, table] = parse(text);
  return { component, table };
}

export function isSameFunction(a: FunctionAddress, b: FunctionAddress): boolean {
  return a.path === b.path && a.component === b.component;
}

/** A name that holds the separator itself, as no valid one does, gets one in front: so it is not taken for another component's. */
function print(component: string, name: string): string {
  return component === ROOT_COMPONENT && !name.includes(SEPARATOR) ? name : component + SEPARATOR + name;
}

function parse(text: string): readonly [component: string, name: string] {
  const at = text.indexOf(SEPARATOR);
  return at < 0 ? [ROOT_COMPONENT, text] : [text.slice(0, at), text.slice(at + SEPARATOR.length)];
}
