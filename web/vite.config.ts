import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  build: {
    outDir: '../src/stagedoor/web',
    emptyOutDir: true,
    target: 'es2022',
    // A data: address for a small file would be one more thing for the content policy to allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // What hangs ends at some time; what is slow, on a machine with much to do, may be.
  test: { environment: 'jsdom', include: ['tests/**/*.test.ts'], setupFiles: ['tests/setup.ts'], testTimeout: 120_000 },
  // Without it the tests would get Svelte's code for servers.
  ...(mode === 'test' ? { resolve: { conditions: ['browser'] } } : {}),
}));
