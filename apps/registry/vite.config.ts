/**
 * Builds the page; see the shared configuration.
 */
export { default } from "../ui/vite.config.ts";
