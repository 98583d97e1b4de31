/**
 * The page's entry.
 */
import { mountPage } from "@narrowcast/ui";
import "@narrowcast/ui/styles.css";
import { App } from "./app.tsx";
import "./page.css";
import "./jobs.css";

const adminKey: unknown = import.meta.env.VITE_ADMIN_KEY;

mountPage(<App adminKey={typeof adminKey === "string" ? adminKey : ""} />);
