/**
 * @vitest-environment happy-dom
 *
 * The page's parts over a deployment in memory: what is shown, what a click does, what is subscribed to.
 */
import { UiProvider } from "@narrowcast/ui";
import { cleanup, configure, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { ConvexProvider } from "convex/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { api } from "../convex/_generated/api.js";
import type { Id } from "../convex/_generated/dataModel.js";
import { PASSWORD, type ArrangeableBackend } from "../testing/backend.ts";
import { convexTestDriver } from "../testing/convex-test-backend.ts";
import { preparePage, reactClient, type ReactTestClient } from "../testing/react-client.ts";
import { jobInputs, makeChain, makeNamespace } from "../testing/world.ts";
import { App } from "../ui/app.tsx";
import { SessionProvider } from "../ui/data/session.tsx";
import { AssignmentPane } from "../ui/parts/assignment-pane.tsx";

/** A machine may be busy: a second, as the library has it, is not always enough for what comes after a click. */
configure({ asyncUtilTimeout: 10_000 });

describe("page", () => {
  let backend: ArrangeableBackend;
  let client: ReactTestClient;
  let namespaceId: Id<"namespaces">;
  beforeEach(async () => {
    preparePage();
    backend = await convexTestDriver.open();
    client = reactClient(backend);
    namespaceId = await makeNamespace(backend);
  });
  afterEach(async () => {
    cleanup();
    await backend.close();
  });

  const show = (children: ReactNode) =>
    render(
      <UiProvider>
        <ConvexProvider client={client.convex}>{children}</ConvexProvider>
      </UiProvider>,
    );
  const enter = async () => {
    show(<App demoPassword={PASSWORD} />);
    fireEvent.click(screen.getByRole("button", { name: "Open" }));
    await screen.findByRole("heading", { name: "Orchestrator" });
  };

  test("the gate refuses a wrong password and lets the right one in", async () => {
    show(<App demoPassword="" />);
    fireEvent.change(screen.getByLabelText(/Password/u), { target: { value: "guess" } });
    fireEvent.click(screen.getByRole("button", { name: "Open" }));
    await screen.findByText("That is not the password.");
    fireEvent.change(screen.getByLabelText(/Password/u), { target: { value: PASSWORD } });
    fireEvent.click(screen.getByRole("button", { name: "Open" }));
    await screen.findByRole("link", { name: /harbor/u });
  });

  test("the sidebar shows the four counts, and they move", async () => {
    const { jobIds } = await makeChain(backend, namespaceId, ["plan"]);
    await enter();
    const card = await screen.findByRole("link", { name: /harbor/u });
    expect(within(card).getByTitle("1 pending")).toBeTruthy();
    await client.mutation(api.jobs.start, { id: jobIds[0]![0]! });
    await within(card).findByTitle("1 active");
    expect(within(card).getByTitle("0 pending")).toBeTruthy();
  });

  test("a thread's badges come from its own assignment only; one without a link asks for none", async () => {
    const { id } = await makeChain(backend, namespaceId, ["plan"]);
    const threadId = await backend.mutation(api.chatThreads.create, { namespaceId, title: "Linked" });
    await backend.mutation(api.chatThreads.create, { namespaceId, title: "Loose" });
    await backend.mutation(api.chatThreads.enableGuardianMode, { threadId, assignmentId: id });
    await enter();
    const item = await screen.findByRole("link", { name: /Linked/u });
    await within(item).findByRole("img", { name: "Assignment pending" });
    expect(within(item).getByRole("img", { name: "Direction aligned" })).toBeTruthy();
    const asked = client.subscribed().filter(({ path }) => path === "assignments:get");
    expect(asked.map(({ args }) => args.id)).toEqual([id]);
  });

  test("a message is sent, somebody is working, the answer arrives", async () => {
    await enter();
    fireEvent.click(await screen.findByRole("button", { name: "New thread" }));
    const field = await screen.findByRole("textbox", { name: "Message" });
    fireEvent.change(field, { target: { value: "What is slow?" } });
    fireEvent.keyDown(field, { key: "Enter" });
    await screen.findByText("Waiting for a runner");
    expect(await screen.findByText("What is slow?")).toBeTruthy();
    const [ready] = await backend.query(api.scheduler.getReadyChatJobs, { namespaceId });
    const { _id: id, threadId } = ready!.chatJob;
    await client.mutation(api.chatJobs.start, { id });
    await screen.findByText("claude is working");
    await client.mutation(api.chatMessages.add, { threadId, role: "assistant", content: "The report." });
    await client.mutation(api.chatJobs.complete, { id, result: "The report." });
    await screen.findByText("The report.");
    await waitFor(() => expect(screen.queryByText("claude is working")).toBeNull());
  });

  const showPane = (id: Id<"assignments">) =>
    show(
      <SessionProvider value={PASSWORD}>
        <AssignmentPane id={id} namespaceId={namespaceId} />
      </SessionProvider>,
    );

  test("a chain of more than ten groups is shown whole, one subscription a group", async () => {
    const types = Array.from({ length: 14 }, (_, index) => `step${index}`);
    const { id, groupIds } = await makeChain(backend, namespaceId, types);
    showPane(id);
    await screen.findByRole("button", { name: "step13 job, pending" });
    expect(screen.getAllByRole("button", { name: /job, pending/u })).toHaveLength(14);
    const asked = client.subscribed().filter(({ path }) => path === "jobs:list");
    expect(asked.map(({ args }) => args.groupId)).toEqual(groupIds);
    await client.mutation(api.jobs.insertGroupAfter, { afterGroupId: groupIds[13]!, jobs: jobInputs("step14") });
    await screen.findByRole("button", { name: "step14 job, pending" });
  });

  test("a running job shows its meters and counters; its detail has a subscription while it is open", async () => {
    const { id, jobIds } = await makeChain(backend, namespaceId, ["plan"]);
    const job = jobIds[0]![0]!;
    await backend.mutation(api.jobs.start, { id: job, prompt: "The whole prompt" });
    showPane(id);
    const card = await screen.findByRole("article", { name: "plan job, running" });
    expect(within(card).getByRole("meter", { name: "Time left" })).toBeTruthy();
    await client.mutation(api.jobs.updateMetrics, { id: job, toolCallCount: 12, totalTokens: 45_600 });
    await within(card).findByRole("img", { name: "12 tool calls" });
    fireEvent.click(within(card).getByRole("button"));
    await screen.findByText("The whole prompt");
    expect(client.subscribed().map(({ path }) => path)).toContain("jobs:get");
    fireEvent.click(screen.getByRole("button", { name: /close/iu }));
    await waitFor(() => expect(client.subscribed().map(({ path }) => path)).not.toContain("jobs:get"));
  });

  test("a second active sequential assignment says what it waits for", async () => {
    const one = await makeChain(backend, namespaceId, ["plan"], { northStar: "The first goal" });
    const two = await makeChain(backend, namespaceId, ["plan"], { northStar: "The second goal" });
    for (const { id } of [one, two]) await backend.mutation(api.assignments.update, { id, status: "active" });
    showPane(two.id);
    await screen.findByText(/“The first goal” was first/u);
  });

  test("a stranded group says so", async () => {
    const { id, groupIds } = await makeChain(backend, namespaceId, ["plan"]);
    await backend.arrange((ctx) => ctx.db.patch(groupIds[0]!, { status: "running" }));
    showPane(id);
    await screen.findByText("Stranded.");
  });

  test("an assignment that was removed says so", async () => {
    const { id } = await makeChain(backend, namespaceId, ["plan"]);
    showPane(id);
    await screen.findByRole("button", { name: "plan job, pending" });
    await client.mutation(api.assignments.remove, { id });
    await screen.findByText("This assignment is gone");
  });
});
