/**
 * The contracts of the functions on `convex-test`.
 */
import { convexTestDriver } from "../testing/convex-test-backend.ts";
import { accessContract } from "./access.contract.ts";
import { chatContract } from "./chat.contract.ts";
import { countsContract } from "./counts.contract.ts";
import { damageContract } from "./damage.contract.ts";
import { dispatchContract } from "./dispatch.contract.ts";
import { seedContract } from "./seed.contract.ts";
import { workContract } from "./work.contract.ts";

accessContract(convexTestDriver);
chatContract(convexTestDriver);
countsContract(convexTestDriver);
damageContract(convexTestDriver);
dispatchContract(convexTestDriver);
seedContract(convexTestDriver);
workContract(convexTestDriver);
