/**
 * Builds an app's page. The deployment's address comes from VITE_CONVEX_URL; what else an app's page wants to know, its `demo.mjs` says.
 */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: "ui",
  base: "./",
  plugins: [react()],
  build: { outDir: "../dist", emptyOutDir: true, target: "es2022", sourcemap: false, chunkSizeWarningLimit: 900 },
});
