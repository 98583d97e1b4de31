/**
 * The page's entry.
 */
import { mountPage } from "@narrowcast/ui";
import "@narrowcast/ui/styles.css";
import { App } from "./app.tsx";
import "./page.css";
import "./chat.css";
import "./assignment.css";

const demoPassword: unknown = import.meta.env.VITE_DEMO_PASSWORD;

mountPage(<App demoPassword={typeof demoPassword === "string" ? demoPassword : ""} />);
