/**
 * The viewer's attendance: two numbers, and the newest records.
 */
import { EmptyState, LoadingRows, StatusBadge, type Status } from "@narrowcast/ui";
import { IconCalendarEvent } from "@tabler/icons-react";
import { useQuery } from "convex/react";
import type { ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { AttendanceStatus } from "../../convex/model/fields.ts";
import { Section } from "./section.tsx";

const SHOWN = 12;
const WORDS: Record<AttendanceStatus, readonly [Status, string]> = {
  attended: ["complete", "Attended"],
  partial: ["uncertain", "In part"],
  not_attended: ["pending", "Not there"],
  unknown: ["pending", "Registered"],
};

export function AttendanceSection({ userId }: { readonly userId: string }): ReactElement {
  const summary = useQuery(api.attendance.getMyAttendanceSummary, { userId });
  const history = useQuery(api.attendance.getMyAttendanceHistory, { userId, limit: SHOWN });
  const aside = summary !== undefined && summary !== null && (
    <span className="nc-muted small nc-numbers">
      {summary.attended} attended of {summary.total}
    </span>
  );
  return (
    <Section title="Attendance" aside={aside}>
      {history === undefined && <LoadingRows rows={5} label="Loading the history" />}
      {history?.length === 0 && (
        <EmptyState icon={<IconCalendarEvent size={26} stroke={1.4} />} title="No events yet">
          What you attend is listed here.
        </EmptyState>
      )}
      <ul className="rows" aria-label="History">
        {history?.map(({ _id, status, event, org }) => {
          const [state, label] = WORDS[status];
          return (
            <li key={_id} className="row">
              <div className="row-text">
                <span className="row-title">{event.title}</span>
                <span className="nc-muted small">
                  {new Date(event.startAt).toLocaleDateString(undefined, { day: "numeric", month: "short" })} ·{" "}
                  {org?.name ?? "An organisation that is gone"} · {event.isVirtual ? "online" : event.location}
                </span>
              </div>
              <StatusBadge status={state} label={label} />
            </li>
          );
        })}
      </ul>
    </Section>
  );
}
