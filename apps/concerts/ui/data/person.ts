/**
 * Who votes here: a person of this browser, made on the first visit.
 */
import { useMutation } from "convex/react";
import { useEffect, useState } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Id } from "../../convex/_generated/dataModel.js";

const STORAGE_KEY = "concerts.person";

/** The person's id, once the deployment knows it. */
export function usePerson(): Id<"users"> | undefined {
  const ensure = useMutation(api.users.ensure);
  const [id, setId] = useState<Id<"users">>();
  useEffect(() => {
    let isCurrent = true;
    // A failed attempt is repeated by the client when it is connected again.
    void ensure({ clientKey: browserKey() }).then((person) => {
      if (isCurrent) setId(person);
    });
    return () => {
      isCurrent = false;
    };
  }, [ensure]);
  return id;
}

function browserKey(): string {
  const existing = localStorage.getItem(STORAGE_KEY);
  if (existing !== null) return existing;
  const key = crypto.randomUUID();
  localStorage.setItem(STORAGE_KEY, key);
  return key;
}
