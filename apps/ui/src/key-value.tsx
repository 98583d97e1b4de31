/**
 * Small things that every page shows: named values, a thin meter, a copy button.
 */
import { ActionIcon, CopyButton, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { Fragment, type CSSProperties, type ReactElement, type ReactNode } from "react";

/** Names and values in two columns; a value that is not there is left out. */
export function KeyValue({ entries }: { readonly entries: readonly (readonly [string, ReactNode])[] }): ReactElement {
  return (
    <dl style={KEY_VALUE_STYLE}>
      {entries
        .filter(([, value]) => value !== undefined && value !== null && value !== "")
        .map(([name, value]) => (
          <Fragment key={name}>
            <dt className="nc-muted">{name}</dt>
            <dd style={{ margin: 0, minWidth: 0 }} className="nc-numbers">
              {value}
            </dd>
          </Fragment>
        ))}
    </dl>
  );
}

const KEY_VALUE_STYLE: CSSProperties = {
  display: "grid",
  gridTemplateColumns: "max-content minmax(0, 1fr)",
  gap: "4px 14px",
  margin: 0,
  fontSize: "var(--mantine-font-size-sm)",
};

/** What {@link Meter} takes; `value` is 0 to 1. */
export interface MeterProps {
  readonly label: string;
  readonly value: number;
  readonly text: string;
  readonly color?: string;
}

/** A thin bar with a label and its value in words. */
export function Meter({ label, value, text, color }: MeterProps): ReactElement {
  const percent = Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <div style={{ minWidth: 0 }}>
      <div style={{ display: "flex", justifyContent: "space-between", gap: 8, fontSize: "0.6875rem", marginBottom: 3 }}>
        <span className="nc-muted">{label}</span>
        <span className="nc-numbers">{text}</span>
      </div>
      <div
        className="nc-meter"
        role="meter"
        aria-label={label}
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuetext={text}
        style={color === undefined ? undefined : ({ "--nc-meter-color": color } as CSSProperties)}
      >
        <div style={{ width: `${percent}%` }} />
      </div>
    </div>
  );
}

/** Copies a text; says so for a moment. */
export function CopyAction({ text, label = "Copy" }: { readonly text: string; readonly label?: string }): ReactElement {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? "Copied" : label}>
          <ActionIcon aria-label={copied ? "Copied" : label} onClick={copy} size="sm">
            {copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}
