/**
 * Code made for one shape: object literals and field reads with fixed names, which V8 turns into plain loads and stores.
 *
 * Building a ten-field object by a literal is 11.7 times as fast as assigning its fields in a loop (5.6 times with fifty shapes in
 * turn), values given for nothing (2026-11, `codec.bench.ts`). Where the host forbids making code, the loop stays.
 *
 * @module
 */
import { setField } from "./value.ts";
import type { ObjectValue, Value } from "./value.ts";

/** Gives the next value of a body. */
export interface ValueSource {
  readValue(): Value;
}

/** Takes the next value of a body. */
export interface ValueSink {
  writeValue(value: Value | undefined): void;
}

/** How to build and take apart objects of one shape. */
export interface ShapeCode {
  build(source: ValueSource): ObjectValue;
  takeApart(object: ObjectValue, sink: ValueSink): void;
}

/** Uses after which code is made for a shape: making it costs as much as some hundred slow uses. */
const USES_BEFORE_CODE = 64;
const FIELDS_MAX = 64;

/** Code for a shape with these fields in this order. Begins with loops and replaces them when the shape proves common. */
export function makeShapeCode(names: readonly string[]): ShapeCode {
  let usesLeft = names.length > FIELDS_MAX || names.includes("__proto__") ? Infinity : USES_BEFORE_CODE;
  const use = (): void => {
    if (--usesLeft > 0) return;
    usesLeft = Infinity;
    Object.assign(code, compile(names));
  };
  const code: ShapeCode = {
    build(source) {
      use();
      const object: ObjectValue = {};
      for (const name of names) setField(object, name, source.readValue());
      return object;
    },
    takeApart(object, sink) {
      use();
      for (const name of names) sink.writeValue(object[name]);
    },
  };
  return code;
}

function compile(names: readonly string[]): ShapeCode | undefined {
  const quoted = names.map((name) => JSON.stringify(name));
  const fields = quoted.map((name) => `${name}: source.readValue()`).join(", ");
  const writes = quoted.map((name) => `sink.writeValue(object[${name}]);`).join(" ");
  try {
    return {
      // oxlint-disable typescript/no-implied-eval -- Names are quoted by JSON.stringify, so they cannot end their literal.
      build: new Function("source", `return { ${fields} };`) as ShapeCode["build"],
      takeApart: new Function("object", "sink", writes) as ShapeCode["takeApart"],
      // oxlint-enable typescript/no-implied-eval
    };
  } catch (error) {
    // The host forbids making code; anything else is a defect.
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}
