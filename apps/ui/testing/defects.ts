/**
 * What is wrong with a page for people who cannot see it well, cannot point well, or listen to it: axe-core's rules, and two of our own.
 *
 * @module
 */
import axe from "axe-core";
import type { Page } from "playwright-core";

/** WCAG 2.0 to 2.2, A and AA, and what is good practice beyond them. */
const RULE_SETS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** Off in axe-core because they are new or were costly once; each is WCAG's own demand. */
const MORE_RULES = { "label-content-name-mismatch": { enabled: true }, "target-size": { enabled: true } };

/** Those of the sets above that look at colours. */
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];

const ONLY: Readonly<Record<"everything" | "colours", axe.RunOnly>> = {
  everything: { type: "tag", values: RULE_SETS },
  colours: { type: "rule", values: COLOUR_RULES },
};

/**
 * What may stand outside of the page's landmarks. Dialogs are axe-core's own exception; hints, menus and lists of options belong to the control that
 * opened them, are told with it, and are drawn at the end of the document only so that nothing cuts them.
 */
const OUTSIDE_LANDMARKS = "dialog, [role=dialog], [role=alertdialog], svg, [role=tooltip], [role=menu], [role=listbox]";

/**
 * One line for each defect of what the page shows now: the rule, where, why. Nothing should move meanwhile.
 *
 * @param about Everything, or only what depends on colours.
 */
export async function defects(page: Page, about: "everything" | "colours" = "everything"): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    async ([runOnly, rules, regionMatcher]) => {
      const { axe: inPage } = globalThis as unknown as { axe: typeof axe };
      inPage.configure({ checks: [{ id: "region", options: { regionMatcher } }] });
      return await inPage.run(document, {
        runOnly,
        rules,
        resultTypes: ["violations"],
      });
    },
    [ONLY[about], about === "everything" ? MORE_RULES : {}, OUTSIDE_LANDMARKS] as const,
  );
  return [
    ...violations.flatMap(({ id, nodes }) =>
      nodes.map(
        (node) => `${id}: ${node.target.join(" ")}\n  ${node.html.slice(0, 160)}\n  ${node.failureSummary ?? ""}`,
      ),
    ),
    ...(await page.evaluate(cutThoughThereIsRoom)),
    ...(await page.evaluate(widerThanTheWindow)),
  ];
}

/** Runs in the page: texts that end in an ellipsis while the line they stand in has room left; headings, which can have more lines, at all. */
function cutThoughThereIsRoom(): string[] {
  /** Of an inexact layout: rounding, and a gap more than there are spaces. */
  const SLACK_PX = 12;
  const roomIn = (line: Element): number => {
    const style = getComputedStyle(line);
    const isRow =
      style.display.includes("flex") && style.flexDirection.startsWith("row") && style.flexWrap === "nowrap";
    if (!isRow) return 0;
    const inner = line.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight);
    const shown = [...line.children].filter((child) => child.getBoundingClientRect().width > 0);
    const gaps = (Number.parseFloat(style.columnGap) || 0) * (shown.length - 1);
    return inner - gaps - shown.reduce((sum, child) => sum + child.getBoundingClientRect().width, 0);
  };
  const found: string[] = [];
  for (const element of document.querySelectorAll("body *")) {
    if (getComputedStyle(element).textOverflow !== "ellipsis" || element.scrollWidth <= element.clientWidth) continue;
    if (/^H\d$/u.test(element.tagName)) found.push(`cut-heading: "${element.textContent}"`);
    for (let line = element.parentElement, depth = 0; line !== null && depth < 3; line = line.parentElement, depth++) {
      const room = roomIn(line);
      if (room > SLACK_PX)
        found.push(
          `cut-though-there-is-room: "${element.textContent}" has ${Math.round(room)} px left in .${line.className}`,
        );
    }
  }
  return found;
}

/** Runs in the page: how far it is wider than its window. */
function widerThanTheWindow(): string[] {
  const excess = document.documentElement.scrollWidth - innerWidth;
  return excess > 0 ? [`wider-than-the-window: by ${excess} px`] : [];
}
