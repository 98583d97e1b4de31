/**
 * Builds the page. The deployment's address comes from VITE_CONVEX_URL, a demo's password from VITE_DEMO_PASSWORD.
 */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: "ui",
  base: "./",
  plugins: [react()],
  build: { outDir: "../dist", emptyOutDir: true, target: "es2022", sourcemap: false, chunkSizeWarningLimit: 900 },
});
