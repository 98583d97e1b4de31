/**
 * The systems of the sheet, in the order in which they are shown.
 *
 * @module
 */
import type { AnySystem } from "./system.ts";
import { CHAT } from "./systems/chat/system.ts";
import { CONCERTS } from "./systems/concerts/system.ts";
import { ORCHESTRATOR } from "./systems/orchestrator/system.ts";
import { REGISTRY } from "./systems/registry/system.ts";
import { TALENT } from "./systems/talent/system.ts";

export const SYSTEMS: readonly AnySystem[] = [ORCHESTRATOR, REGISTRY, CHAT, TALENT, CONCERTS];
