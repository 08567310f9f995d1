import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));

const parts = {
  unit: 20_000,
  contract: 60_000,
  e2e: 120_000,
  clients: 60_000,
  package: 240_000,
  kubernetes: 90_000,
  truss: 180_000,
  images: 120_000,
};

export default defineConfig({
  root,
  test: {
    projects: Object.entries(parts).map(([name, timeout]) => ({
      root,
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`],
        testTimeout: timeout,
        hookTimeout: timeout,
        pool: "forks" as const,
      },
    })),
  },
});
