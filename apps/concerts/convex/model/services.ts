/**
 * The three services outside: tickets, music, setlists. One base address, in the environment variable SERVICES_URL; unset, the deployment's own HTTP
 * actions answer with scripted data (`http.ts`).
 */
import type { Track } from "./fields.ts";

/** What a service said; `refused` carries the HTTP status. */
export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly status: number };

/** Popular shows and artists, by the ticket service's ids, best first. */
export interface TicketFeed {
  readonly shows: readonly string[];
  readonly artists: readonly string[];
}

/** An artist as the music service knows it. */
export interface MusicArtist {
  readonly spotifyId: string;
  readonly popularity: number;
  readonly followers: number;
  readonly tracks: Track[];
}

/** What was played. */
export interface PlayedSetlist {
  readonly setlistfmId: string;
  readonly songs: string[];
}

/** A renewed token. */
export interface Token {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
}

export const askTickets = async () => await ask<TicketFeed>("/tickets/trending");
export const askMusic = async (id: string) => await ask<MusicArtist>(`/music/artist?id=${encodeURIComponent(id)}`);
export const askToken = async (token: string) => await ask<Token>(`/music/token?token=${encodeURIComponent(token)}`);
export const askSetlist = async (slug: string) =>
  await ask<PlayedSetlist>(`/setlists/show?id=${encodeURIComponent(slug)}`);

/** Milliseconds between two questions to the setlist site, whose terms ask for a pause: SETLIST_PAUSE_MS, 2,000 unless it is set. */
export function setlistPauseMs(): number {
  const text = process.env["SETLIST_PAUSE_MS"];
  const pause = text === undefined ? NaN : Number(text);
  return Number.isFinite(pause) && pause >= 0 ? pause : 2_000;
}

async function ask<T>(path: string): Promise<Answer<T>> {
  const base = process.env["SERVICES_URL"] ?? `${process.env["CONVEX_SITE_URL"]}/services`;
  try {
    const response = await fetch(base + path);
    if (!response.ok) return { ok: false, status: response.status };
    return { ok: true, value: (await response.json()) as T };
  } catch (error) {
    // Nobody there: a refusal like any other, which the caller puts into its own words.
    console.warn(`Cannot ask ${path}: ${error instanceof Error ? error.message : String(error)}`);
    return { ok: false, status: 0 };
  }
}
