"use node";
import { actionGeneric } from "convex/server";

/** What a large package does while it is imported. */
const IMPORT_MS = 700;

const startMs = performance.now();
while (performance.now() - startMs < IMPORT_MS);

export const act = actionGeneric({ args: {}, handler: async () => null });
