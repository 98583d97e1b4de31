/**
 * The page's entry: connects to the deployment that the build was made for.
 */
import { ErrorNotice, UiProvider } from "@narrowcast/ui";
import "@narrowcast/ui/styles.css";
import { ConvexProvider, ConvexReactClient } from "convex/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import "./page.css";
import "./chat.css";
import "./assignment.css";

const url: unknown = import.meta.env.VITE_CONVEX_URL;
const demoPassword: unknown = import.meta.env.VITE_DEMO_PASSWORD;

createRoot(document.querySelector("#root")!).render(
  <StrictMode>
    <UiProvider>
      {typeof url === "string" && url !== "" ? (
        <ConvexProvider client={new ConvexReactClient(url)}>
          <App demoPassword={typeof demoPassword === "string" ? demoPassword : ""} />
        </ConvexProvider>
      ) : (
        <ErrorNotice
          title="No deployment"
          message="This page was built without VITE_CONVEX_URL, the address of a deployment."
        />
      )}
    </UiProvider>
  </StrictMode>,
);
