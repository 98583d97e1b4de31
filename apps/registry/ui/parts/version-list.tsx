/**
 * The versions of a skill, the newest first, with what the scan said.
 */
import { RelativeTime, StatusBadge, type Status } from "@narrowcast/ui";
import type { ReactElement } from "react";
import type { SkillDetail } from "../../convex/model/detail.ts";

const SCANS: Record<string, { readonly status: Status; readonly label: string }> = {
  clean: { status: "complete", label: "scan clean" },
  suspicious: { status: "blocked", label: "scan suspicious" },
  malicious: { status: "failed", label: "scan malicious" },
  waiting: { status: "pending", label: "waits for a scan" },
};

/** The list. */
export function VersionList({ versions }: { readonly versions: SkillDetail["versions"] }): ReactElement {
  return (
    <section aria-label="Versions">
      <h3>Versions</h3>
      <ol className="plain-list versions">
        {versions.map(({ version, files, bytes, scan }) => {
          const { status, label } = SCANS[scan] ?? SCANS["waiting"]!;
          return (
            <li key={version._id}>
              <span className="version-head">
                <b className="nc-numbers">{version.version}</b>
                <StatusBadge status={status} label={label} />
                <span className="version-time">
                  <RelativeTime time={version.createdAt} />
                </span>
              </span>
              <span>{version.changelog}</span>
              <span className="nc-muted nc-numbers version-size">
                {files === 1 ? "1 file" : `${files} files`}, {(bytes / 1_000).toFixed(1)} kB
              </span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
