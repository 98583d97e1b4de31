/**
 * Gate, then workspace.
 */
import { useState, type ReactElement } from "react";
import { SessionProvider } from "./data/session.tsx";
import { LoginGate } from "./parts/login-gate.tsx";
import { Workspace } from "./parts/workspace.tsx";

const STORAGE_KEY = "orchestrator.password";

/** The page below its providers. */
export function App({ demoPassword }: { readonly demoPassword: string }): ReactElement {
  const [password, setPassword] = useState(() => sessionStorage.getItem(STORAGE_KEY) ?? undefined);
  const enter = (entered: string) => {
    sessionStorage.setItem(STORAGE_KEY, entered);
    setPassword(entered);
  };
  const leave = () => {
    sessionStorage.removeItem(STORAGE_KEY);
    setPassword(undefined);
  };
  if (password === undefined) return <LoginGate initial={demoPassword} onEnter={enter} />;
  return (
    <SessionProvider value={password}>
      <Workspace onLeave={leave} />
    </SessionProvider>
  );
}
