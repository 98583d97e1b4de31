/**
 * Finds a short cycle in a graph of dependencies: strong components by Tarjan's algorithm without recursion, then breadth first inside one.
 *
 * @module
 */

/** `from` came before `to`: it wrote what the other wrote over (ww) or read (wr), read what the other wrote over (rw), or was over before it began. */
export type DependencyKind = "ww" | "wr" | "rw" | "time";

export interface Dependency {
  readonly from: number;
  readonly to: number;
  readonly kind: DependencyKind;
}

/** A shortest cycle through some node of the first strong component that has one; `undefined`: there is none. */
export function findCycle(nodes: number, dependencies: readonly Dependency[]): readonly Dependency[] | undefined {
  const outgoing: Dependency[][] = Array.from({ length: nodes }, () => []);
  for (const dependency of dependencies) outgoing[dependency.from]?.push(dependency);
  const component = componentWithCycle(outgoing);
  if (component === undefined) return undefined;
  const inside = new Set(component);
  let shortest: readonly Dependency[] | undefined;
  // Components are small unless everything is broken, and then any cycle will do.
  for (const start of component.slice(0, 200)) {
    const cycle = shortestFrom(start, outgoing, inside);
    if (cycle !== undefined && (shortest === undefined || cycle.length < shortest.length)) shortest = cycle;
  }
  return shortest;
}

function shortestFrom(
  start: number,
  outgoing: readonly (readonly Dependency[])[],
  inside: ReadonlySet<number>,
): readonly Dependency[] | undefined {
  const cameBy = new Map<number, Dependency>();
  const line = [start];
  for (let at = 0; at < line.length; at += 1) {
    const node = line[at] ?? 0;
    for (const dependency of outgoing[node] ?? []) {
      const { to } = dependency;
      if (!inside.has(to) || cameBy.has(to)) continue;
      cameBy.set(to, dependency);
      if (to === start) return pathTo(start, cameBy);
      line.push(to);
    }
  }
  return undefined;
}

/** From `end` back to itself. */
function pathTo(end: number, cameBy: ReadonlyMap<number, Dependency>): readonly Dependency[] {
  const path: Dependency[] = [];
  for (let node = end; ;) {
    const dependency = cameBy.get(node);
    if (dependency === undefined) return path.toReversed();
    path.push(dependency);
    node = dependency.from;
    if (node === end) return path.toReversed();
  }
}

/** Nodes of a strong component of more than one node. */
function componentWithCycle(outgoing: readonly (readonly Dependency[])[]): readonly number[] | undefined {
  const count = outgoing.length;
  const numbers = new Int32Array(count).fill(-1);
  const lows = new Int32Array(count);
  const next = new Int32Array(count);
  const isOpen = new Uint8Array(count);
  const open: number[] = [];
  let counter = 0;
  for (let root = 0; root < count; root += 1) {
    if (numbers[root] !== -1) continue;
    const path = [root];
    while (path.length > 0) {
      const node = path.at(-1) as number;
      if (numbers[node] === -1) {
        numbers[node] = lows[node] = counter;
        counter += 1;
        open.push(node);
        isOpen[node] = 1;
      }
      const edge = outgoing[node]?.[next[node] as number];
      if (edge !== undefined) {
        next[node] = (next[node] as number) + 1;
        if (numbers[edge.to] === -1) path.push(edge.to);
        else if (isOpen[edge.to] === 1) lows[node] = Math.min(lows[node] as number, numbers[edge.to] as number);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) lows[parent] = Math.min(lows[parent] as number, lows[node] as number);
      if (lows[node] !== numbers[node]) continue;
      const component = open.splice(open.lastIndexOf(node));
      for (const one of component) isOpen[one] = 0;
      if (component.length > 1) return component;
    }
  }
  return undefined;
}
