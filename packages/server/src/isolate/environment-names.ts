/**
 * How it is said which environment variables somebody looked at.
 *
 * @module
 */

/** Stands for all variables, among the names of those that were looked at. */
export const ALL_VARIABLES = "*";

/** The catalogue name on which a function depends that looked at a variable, or at {@linkcode ALL_VARIABLES}. */
export function variableDependency(name: string): string {
  return `env:${name}`;
}
