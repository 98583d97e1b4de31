/**
 * The claim for the registry, on the smaller of its data sets.
 */
import type { SheetSize } from "../../size.ts";
import { claimsContract } from "../../testing/claims.contract.ts";
import { REGISTRY } from "./system.ts";

const SIZE: SheetSize = { plays: 2, dayMinutes: 20, isQuick: false };

claimsContract(REGISTRY, "1,600 skills", SIZE);
