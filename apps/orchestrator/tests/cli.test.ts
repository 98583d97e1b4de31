/**
 * The command line on a deployment in memory and on the real server.
 */
import { afterAll } from "vitest";
import { convexTestDriver } from "../testing/convex-test-backend.ts";
import { narrowcastDriver } from "../testing/narrowcast-backend.ts";
import { cliContract } from "./cli.contract.ts";

const driver = narrowcastDriver("HTTP");
afterAll(async () => await driver.closeServers());

cliContract(convexTestDriver);
cliContract(driver);
