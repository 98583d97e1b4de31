/**
 * A document for React in a process that otherwise stays Node: import this before `react-dom`.
 *
 * @module
 */
import { Window } from "happy-dom";

const page = new Window({ url: "http://page.test/" });

const { document, navigator } = page;
const globals = { window: page, document, navigator };
for (const [name, value] of Object.entries(globals)) {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

/** An empty element on the page. */
export function newContainer(): { readonly textContent: string } & object {
  const container = document.createElement("div");
  document.body.append(container);
  return container;
}

/** Removes the document again. */
export async function closeDom(): Promise<void> {
  for (const name of Object.keys(globals)) Reflect.deleteProperty(globalThis, name);
  await page.happyDOM.close();
}
