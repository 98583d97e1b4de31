/**
 * The page's entry.
 */
import { mountPage } from "@narrowcast/ui";
import "@narrowcast/ui/styles.css";
import { App } from "./app.tsx";
import "./page.css";

mountPage(<App />);
