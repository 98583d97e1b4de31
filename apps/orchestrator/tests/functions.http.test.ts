/**
 * The contracts of the functions on the real server, called over HTTP by the published client.
 */
import { afterAll } from "vitest";
import { narrowcastDriver } from "../testing/narrowcast-backend.ts";
import { accessContract } from "./access.contract.ts";
import { chatContract } from "./chat.contract.ts";
import { countsContract } from "./counts.contract.ts";
import { damageContract } from "./damage.contract.ts";
import { dispatchContract } from "./dispatch.contract.ts";
import { seedContract } from "./seed.contract.ts";
import { workContract } from "./work.contract.ts";

const driver = narrowcastDriver("HTTP");
afterAll(async () => await driver.closeServers());

accessContract(driver);
chatContract(driver);
countsContract(driver);
damageContract(driver);
dispatchContract(driver);
seedContract(driver);
workContract(driver);
