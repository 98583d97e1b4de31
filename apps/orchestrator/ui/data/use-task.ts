/**
 * State of what a person has asked for; the page's parts share it with the other apps' pages.
 */
export { useTask, type Task } from "@narrowcast/ui";
