/**
 * A deployment with a scripted model, for tests of the matching.
 */
import type { Id } from "../convex/_generated/dataModel.js";
import { startModelServer, type ModelServer } from "./model-server.ts";
import { addPerson, clear, openNetwork, type Network } from "./network.ts";

/** The two forms that chain actions. */
export type ChainForm = "after/" | "";

/** Long enough for any run that is not stuck: four batches with all their retries. */
export const RUN_MS = 30 * 60_000;

/** See the module comment. */
export interface MatchingStage extends Network {
  readonly model: ModelServer;
  /** Empties the deployment and adds one person. */
  begin(): Promise<Id<"profiles">>;
  /** Starts a computation; nothing of it has happened yet when this resolves. */
  start(form: string, profileId: Id<"profiles">): Promise<unknown>;
  close(): Promise<void>;
}

export async function openMatchingStage(): Promise<MatchingStage> {
  const network = await openNetwork();
  const { app, clock } = network;
  const model = await startModelServer(() => clock.nowMs());
  await app.setEnvironment({ MODEL_URL: model.url });
  return {
    ...network,
    model,
    async begin() {
      await clear(app);
      model.reset();
      return (await addPerson(app)).profileId;
    },
    start: (form, profileId) => app.action(`${form}matching:computeMatchesForProfile`, { profileId }),
    async close() {
      await app.close();
      await model.close();
    },
  };
}

/** Milliseconds between questions. */
export function gaps(model: ModelServer): number[] {
  return model.asked.slice(1).map(({ at }, index) => at - model.asked[index]!.at);
}
