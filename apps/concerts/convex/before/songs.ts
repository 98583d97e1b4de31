/** The *before* form of `songs`: nothing about it ever changed. */
export { getByArtistInternal } from "../songs.ts";
