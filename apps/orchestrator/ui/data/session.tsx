/**
 * The password that opens the deployment, kept for the browser tab and added to every call by the hooks here.
 */
import { errorText } from "@narrowcast/ui";
import { useConvex, useMutation, useQueries } from "convex/react";
import { getFunctionName, type FunctionReference, type FunctionReturnType } from "convex/server";
import { createContext, useCallback, useContext, useMemo } from "react";

/** A function's arguments without the password. */
export type ArgsOf<F extends FunctionReference<"query" | "mutation">> = Omit<F["_args"], "password">;

/** What a subscription gives; exactly one of the shapes at a time. `idle` is a skipped one. */
export type Live<T> =
  | { readonly status: "idle" }
  | { readonly status: "loading" }
  | { readonly status: "failed"; readonly message: string }
  | { readonly status: "ready"; readonly value: T };

const SessionContext = createContext<string | undefined>(undefined);

/** Gives the password to the hooks below it. */
export const SessionProvider = SessionContext.Provider;

/** Subscribes to a query with the session's password; `"skip"` means no subscription. */
export function useLive<F extends FunctionReference<"query">>(
  fn: F,
  args: ArgsOf<F> | "skip",
): Live<FunctionReturnType<F>> {
  return useLiveWith(usePassword(), fn, args);
}

/** Subscribes with a given password: for the gate, which does not know yet whether it is right. */
export function useLiveWith<F extends FunctionReference<"query">>(
  password: string,
  fn: F,
  args: ArgsOf<F> | "skip",
): Live<FunctionReturnType<F>> {
  const many = useLiveMany<F, string>(password, fn, args === "skip" ? NOTHING : { only: args });
  return many.only ?? IDLE;
}

/** As many subscriptions of one query as there are entries; however many, they are one hook. */
export function useLiveEach<F extends FunctionReference<"query">, K extends string>(
  fn: F,
  argsByKey: Readonly<Record<K, ArgsOf<F>>>,
): Record<K, Live<FunctionReturnType<F>>> {
  return useLiveMany(usePassword(), fn, argsByKey);
}

function useLiveMany<F extends FunctionReference<"query">, K extends string>(
  password: string,
  fn: F,
  argsByKey: Readonly<Record<K, ArgsOf<F>>>,
): Record<K, Live<FunctionReturnType<F>>> {
  // References are made anew by every access to `api`, and so are arguments: what they say is what counts.
  const description = JSON.stringify([getFunctionName(fn), argsByKey]);
  const requests = useMemo(() => {
    const entries = Object.entries(argsByKey) as [K, ArgsOf<F>][];
    return Object.fromEntries(entries.map(([key, args]) => [key, { query: fn, args: { password, ...args } }]));
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `description` stands for `fn` and `argsByKey`
  }, [description, password]);
  const results = useQueries(requests) as Record<K, FunctionReturnType<F> | Error | undefined>;
  return useMemo(() => {
    const entries = Object.entries(results) as [K, FunctionReturnType<F> | Error | undefined][];
    return Object.fromEntries(entries.map(([key, result]) => [key, toLive(result)])) as Record<
      K,
      Live<FunctionReturnType<F>>
    >;
  }, [results]);
}

/** A mutation with the session's password. */
export function useAct<F extends FunctionReference<"mutation">>(
  fn: F,
): (args: ArgsOf<F>) => Promise<FunctionReturnType<F>> {
  const password = usePassword();
  const mutate = useMutation(fn) as unknown as (args: object) => Promise<FunctionReturnType<F>>;
  return useCallback((args) => mutate({ password, ...args }), [mutate, password]);
}

/** A query asked once, with the session's password. */
export function useAsk(): <F extends FunctionReference<"query">>(
  fn: F,
  args: ArgsOf<F>,
) => Promise<FunctionReturnType<F>> {
  const client = useConvex();
  const password = usePassword();
  // The assertion is needed: the client's optional arguments are not resolved while the function is a parameter.
  // oxlint-disable-next-line typescript/no-unnecessary-type-assertion
  return useCallback((fn, args) => client.query(fn, { password, ...args } as never), [client, password]);
}

function usePassword(): string {
  const password = useContext(SessionContext);
  if (password === undefined) throw new Error("Cannot read the session: there is none; render inside SessionProvider");
  return password;
}

function toLive<T>(result: T | Error | undefined): Live<T> {
  if (result === undefined) return LOADING;
  return result instanceof Error
    ? { status: "failed", message: errorText(result) }
    : { status: "ready", value: result };
}

const IDLE = { status: "idle" } as const;
const LOADING = { status: "loading" } as const;
const NOTHING = {} as const;
