/** The *before* form of `namespaces`: nothing about these functions ever changed. */
export { create, get, getByName, list, remove, update } from "../namespaces.ts";
