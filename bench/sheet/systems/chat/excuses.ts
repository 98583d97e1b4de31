/**
 * Where the first form of the chat costs more, and why no engine can help.
 *
 * @module
 */
import type { Excuse } from "../../system.ts";

export const EXCUSES: readonly Excuse[] = [];
