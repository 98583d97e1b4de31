/** The *before* form of `chatMessages`: nothing about these functions ever changed. */
export { add, list } from "../chatMessages.ts";
