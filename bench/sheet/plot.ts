/**
 * The sheet as a picture: for each scenario three bars, documents read and bytes sent, on logarithmic scales.
 *
 * @module
 */
import * as vega from "vega";
import type { SheetRow } from "./measure.ts";
import type { Form } from "./size.ts";
import type { AnySystem } from "./system.ts";
import { find, groupsOf } from "./table.ts";
import type { Rules } from "./world.ts";

const SIDES: readonly (readonly [name: string, form: Form, rules: Rules, color: string])[] = [
  ["as first written, Convex's rules", "before", "convex", "#b9c2c9"],
  ["optimised by hand, Convex's rules", "after", "convex", "#6f7f8c"],
  ["as first written, Narrowcast", "before", "narrow", "#187378"],
];
/** Logarithms have no zero: nothing is drawn as less than a document. */
const NOTHING = 0.5;
const ROW_HEIGHT = 34;
const PANEL_WIDTH = 300;
const LABEL_WIDTH = 320;
const PANELS = [
  { figure: "documents", title: "documents read" },
  { figure: "bytesSent", title: "bytes sent" },
] as const;

interface Bar {
  readonly place: string;
  readonly side: string;
  readonly documents: number;
  readonly bytesSent: number;
}

/** An SVG text. Scenarios of other states than a system's first are left out. */
export async function plot(systems: readonly AnySystem[], rows: readonly SheetRow[]): Promise<string> {
  const bars = systems.flatMap((system) =>
    barsOf(
      system,
      rows.filter((row) => row.system === system.name),
    ),
  );
  const places = [...new Set(bars.map(({ place }) => place))];
  return await new vega.View(vega.parse(specOf(bars, places)), { renderer: "none" }).toSVG();
}

function barsOf(system: AnySystem, rows: readonly SheetRow[]): Bar[] {
  const groups = groupsOf(rows).filter(({ state }) => state === system.states[0]);
  return groups.flatMap(({ scenario, rows: group }) => {
    const hasFailed = group.some(({ failed }) => failed !== undefined);
    return SIDES.flatMap(([side, form, rules]) => {
      const row = find(group, form, rules);
      if (row === undefined || row.failed !== undefined) return [];
      const figure = (value: number): number => Math.max(value, NOTHING);
      const { documents, bytesSent } = row;
      return {
        place: `${system.name}: ${scenario}${hasFailed ? ", first form fails" : ""}`,
        side,
        documents: figure(documents),
        bytesSent: figure(bytesSent),
      };
    });
  });
}

function specOf(bars: readonly Bar[], places: readonly string[]): vega.Spec {
  const height = places.length * ROW_HEIGHT;
  return {
    background: "white",
    padding: 8,
    layout: { columns: PANELS.length, padding: 24 },
    config: {
      axis: {
        labelFontSize: 11,
        titleFontSize: 12,
        grid: true,
        gridColor: "#eceff1",
        domain: false,
        labelLimit: LABEL_WIDTH,
      },
    },
    data: [{ name: "bars", values: [...bars] }],
    scales: [
      { name: "place", type: "band", domain: [...places], range: [0, height], paddingInner: 0.25 },
      {
        name: "color",
        type: "ordinal",
        domain: SIDES.map(([side]) => side),
        range: SIDES.map(([, , , color]) => color),
      },
    ],
    marks: PANELS.map((panel, index) => panelOf(panel, height, index === 0)),
    legends: [
      {
        fill: "color",
        orient: "bottom",
        direction: "vertical",
        labelFontSize: 12,
        symbolType: "square",
        labelLimit: LABEL_WIDTH,
      },
    ],
  };
}

function panelOf({ figure, title }: (typeof PANELS)[number], height: number, isFirst: boolean): vega.Mark {
  const amounts: vega.Scale = {
    name: figure,
    type: "log",
    domain: { data: "bars", field: figure },
    range: [0, PANEL_WIDTH],
  };
  return {
    type: "group",
    encode: { update: { width: { value: PANEL_WIDTH }, height: { value: height } } },
    scales: [{ ...amounts, domainMin: NOTHING }],
    axes: [
      { scale: figure, orient: "top", title, format: "~s", tickCount: 5, ticks: false },
      { scale: "place", orient: "left", ticks: false, labels: isFirst, labelPadding: 8 },
    ],
    marks: [
      {
        type: "group",
        from: { facet: { data: "bars", name: `${figure}-rows`, groupby: "place" } },
        encode: { enter: { y: { scale: "place", field: "place" } } },
        signals: [{ name: "height", update: "bandwidth('place')" }],
        scales: [{ name: "side", type: "band", range: "height", domain: SIDES.map(([side]) => side) }],
        marks: [
          {
            type: "rect",
            from: { data: `${figure}-rows` },
            encode: {
              enter: {
                y: { scale: "side", field: "side" },
                height: { scale: "side", band: 1 },
                x: { scale: figure, value: NOTHING },
                x2: { scale: figure, field: figure },
                fill: { scale: "color", field: "side" },
              },
            },
          },
        ],
      },
    ],
  };
}
