/**
 * The contracts of the functions on `convex-test`.
 */
import { convexTestDriver } from "../testing/convex-test-backend.ts";
import { countsContract } from "./counts.contract.ts";
import { dispatchContract } from "./dispatch.contract.ts";

countsContract(convexTestDriver);
dispatchContract(convexTestDriver);
