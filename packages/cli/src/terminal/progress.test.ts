import { expect, test } from "vitest";
import { Progress } from "./progress.ts";

function sink(isTTY: boolean): { isTTY: boolean; columns: number; text: string; write(text: string): void } {
  return {
    isTTY,
    columns: 20,
    text: "",
    write(text: string): void {
      this.text += text;
    },
  };
}

test("a log gets one line a message, repeated ones once", () => {
  const log = sink(false);
  const progress = new Progress(log);
  progress.update("one");
  progress.update("one");
  progress.update("two");
  progress.done();
  expect(log.text).toBe("one\ntwo\n");
});

test("a terminal line is redrawn at most every 100 ms, cut to its width and cleared at the end", () => {
  const terminal = sink(true);
  let now = 0;
  const progress = new Progress(terminal, () => now);
  progress.update("a message longer than twenty columns");
  progress.update("too soon");
  now = 100;
  progress.update("next");
  progress.done();
  expect(terminal.text).toBe("\r\u001b[Ka message longer th\r\u001b[Knext\r\u001b[K");
});
