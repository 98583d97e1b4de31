/**
 * The `convex` package whose surface this is.
 *
 * @module
 */

export const SURFACE_VERSION = "1.48.0";
