/**
 * The claim for the talent network.
 */
import type { SheetSize } from "../../size.ts";
import { claimsContract } from "../../testing/claims.contract.ts";
import { STATE } from "./data.ts";
import { TALENT } from "./system.ts";

const SIZE: SheetSize = { plays: 4, dayMinutes: 20, isQuick: false };

claimsContract(TALENT, STATE, SIZE);
