/**
 * Builds the page; see the shared configuration.
 */
export { default } from "../vite.config.ts";
