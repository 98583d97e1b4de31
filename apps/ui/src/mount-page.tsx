/**
 * Puts a page into the document, connected to the deployment that it was built for.
 */
import { ConvexProvider, ConvexReactClient } from "convex/react";
import { StrictMode, type ReactElement } from "react";
import { createRoot } from "react-dom/client";
import { ErrorNotice } from "./notices.tsx";
import { UiProvider } from "./ui-provider.tsx";

/** Renders `page` into `#root`. The build's VITE_CONVEX_URL names the deployment; without it the page says so. */
export function mountPage(page: ReactElement): void {
  const url: unknown = import.meta.env.VITE_CONVEX_URL;
  createRoot(document.querySelector("#root")!).render(
    <StrictMode>
      <UiProvider>
        {typeof url === "string" && url !== "" ? (
          <ConvexProvider client={new ConvexReactClient(url)}>{page}</ConvexProvider>
        ) : (
          <ErrorNotice
            title="No deployment"
            message="This page was built without VITE_CONVEX_URL, the address of a deployment."
          />
        )}
      </UiProvider>
    </StrictMode>,
  );
}
