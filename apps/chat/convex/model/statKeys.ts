/**
 * Names of the deployment's counters, and the report that is made of them.
 */
import type { DatabaseStats } from "./fields.ts";

export const STAT_KEYS = {
  chatsTotal: "chats_total",
  chatsSoftDeleted: "chats_soft_deleted",
  messagesTotal: "messages_total",
  messagesSoftDeleted: "messages_soft_deleted",
  usersTotal: "users_total",
} as const;

export type StatKey = (typeof STAT_KEYS)[keyof typeof STAT_KEYS];

/** Every key, in the order in which reports name them. */
export const ALL_STAT_KEYS: readonly StatKey[] = Object.values(STAT_KEYS);

/** What a person may read beside a counter. */
export interface StatMetadata {
  readonly description?: string;
  readonly category?: string;
}

/** Values of counters by key. */
export type StatValues = Record<StatKey, number>;

/** All counters at nothing. */
export function zeroStats(): StatValues {
  return { chats_total: 0, chats_soft_deleted: 0, messages_total: 0, messages_soft_deleted: 0, users_total: 0 };
}

/** The report of `crons.generateDatabaseStats`. */
export function reportOf(values: StatValues, timestamp: number): DatabaseStats {
  const part = (total: number, softDeleted: number) => ({ total, softDeleted, active: total - softDeleted });
  return {
    success: true,
    stats: {
      timestamp,
      tables: {
        chats: part(values.chats_total, values.chats_soft_deleted),
        messages: part(values.messages_total, values.messages_soft_deleted),
        users: { total: values.users_total },
      },
    },
  };
}

/** The result of `migrations.initializeStats`. */
export function initializedOf(values: StatValues) {
  return {
    success: true,
    results: {
      chatsTotal: values.chats_total,
      chatsSoftDeleted: values.chats_soft_deleted,
      messagesTotal: values.messages_total,
      messagesSoftDeleted: values.messages_soft_deleted,
      usersTotal: values.users_total,
    },
  };
}
