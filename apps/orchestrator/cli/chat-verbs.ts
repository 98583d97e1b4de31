/**
 * Verbs about chats.
 */
import { Argument } from "commander";
import { api } from "../convex/_generated/api.js";
import type { Id } from "../convex/_generated/dataModel.js";
import type { ChatMode } from "../convex/model/fields.ts";
import { ago, table } from "./format.ts";
import { CliError, namespaceOf, type Verbs } from "./verbs.ts";

/** Adds the verbs. */
export function addChatVerbs(verbs: Verbs): void {
  for (const add of [chatThreadsVerb, chatThreadVerb, chatCreateVerb, chatSendVerb, chatModeVerb, chatTitleVerb])
    add(verbs);
}

function chatThreadsVerb({ program, colors, run, now }: Verbs): void {
  program
    .command("chat-threads")
    .description("list chat threads, the latest first")
    .action(() =>
      run(async (session) => {
        const { _id: namespaceId } = await namespaceOf(session);
        const value = await session.client.query(api.chatThreads.list, { namespaceId });
        const rows = value.map((each) => ({
          id: each._id,
          mode: each.mode,
          changed: ago(each.updatedAt, now()),
          title: each.title,
        }));
        return { value, text: table(rows, ["id", "mode", "changed", "title"], colors, "No threads.") };
      }),
    );
}

function chatThreadVerb({ program, colors, run, now }: Verbs): void {
  program
    .command("chat-thread")
    .description("show a thread's messages")
    .argument("<id>")
    .action((id: Id<"chatThreads">) =>
      run(async ({ client }) => {
        const thread = await client.query(api.chatThreads.get, { id });
        if (thread === null) throw new CliError("Cannot show the thread: it does not exist");
        const messages = await client.query(api.chatMessages.list, { threadId: id });
        const text = messages.map(
          ({ role, content, createdAt }) => `${colors.bold(role)} ${colors.dim(ago(createdAt, now()))}\n${content}`,
        );
        return { value: { ...thread, messages }, text: [colors.bold(thread.title), ...text].join("\n\n") };
      }),
    );
}

function chatCreateVerb({ program, run }: Verbs): void {
  program
    .command("chat-create")
    .description("create a thread")
    .argument("[title...]")
    .option("-m, --mode <mode>", "jam, cook or guardian")
    .action((words: string[], options: { mode?: ChatMode }) =>
      run(async (session) => {
        const { _id: namespaceId } = await namespaceOf(session);
        const title = words.length === 0 ? {} : { title: words.join(" ") };
        const id = await session.client.mutation(api.chatThreads.create, { namespaceId, ...title, ...options });
        return { value: { id }, text: `created thread ${id}` };
      }),
    );
}

function chatSendVerb({ program, run }: Verbs): void {
  program
    .command("chat-send")
    .description("say something in a thread and ask for an answer")
    .argument("<id>")
    .argument("<message...>")
    .action((threadId: Id<"chatThreads">, message: string[]) =>
      run(async ({ client }) => {
        await client.mutation(api.chatMessages.add, { threadId, role: "user", content: message.join(" ") });
        const value = await client.mutation(api.chatJobs.trigger, { threadId });
        return { value, text: `sent; chat job ${value.jobId}` };
      }),
    );
}

function chatModeVerb({ program, run }: Verbs): void {
  program
    .command("chat-mode")
    .description("set a thread's mode")
    .argument("<id>")
    .addArgument(new Argument("<mode>").choices(["jam", "cook", "guardian"]))
    .action((id: Id<"chatThreads">, mode: ChatMode) =>
      run(async ({ client }) => {
        await client.mutation(api.chatThreads.updateMode, { id, mode });
        return { value: { id, mode }, text: `${id} is in mode ${mode}` };
      }),
    );
}

function chatTitleVerb({ program, run }: Verbs): void {
  program
    .command("chat-title")
    .description("rename a thread")
    .argument("<id>")
    .argument("<title...>")
    .action((id: Id<"chatThreads">, words: string[]) =>
      run(async ({ client }) => {
        await client.mutation(api.chatThreads.updateTitle, { id, title: words.join(" ") });
        return { value: { id }, text: `renamed ${id}` };
      }),
    );
}
