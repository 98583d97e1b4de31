/**
 * The contracts of the functions on a deployment that somebody else has started, if one is named:
 *
 *   ORCHESTRATOR_TEST_URL=http://127.0.0.1:3210 ORCHESTRATOR_TEST_ADMIN_KEY=… npx vitest run functions.deployment
 *
 * All data of that deployment is removed. Without an address this file only checks that the driver tells so.
 */
import { expect, test } from "vitest";
import { deploymentDriver } from "../testing/deployment-backend.ts";
import { accessContract } from "./access.contract.ts";
import { chatContract } from "./chat.contract.ts";
import { countsContract } from "./counts.contract.ts";
import { dispatchContract } from "./dispatch.contract.ts";
import { seedContract } from "./seed.contract.ts";
import { workContract } from "./work.contract.ts";

const { ORCHESTRATOR_TEST_URL: url, ORCHESTRATOR_TEST_ADMIN_KEY: adminKey } = process.env;

if (url !== undefined && adminKey !== undefined) {
  const driver = deploymentDriver("a deployment", { url, adminKey });
  for (const contract of [accessContract, chatContract, countsContract, dispatchContract, seedContract, workContract]) {
    contract(driver);
  }
} else {
  test("a deployment that does not answer is an error, not an empty result", async () => {
    const driver = deploymentDriver("nowhere", { url: "http://127.0.0.1:9", adminKey: "none" });
    await expect(driver.open()).rejects.toThrow();
  });
}
