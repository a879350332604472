import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { toasts } from '../src/ui/toasts.svelte';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  toasts.isHeld = () => false;
  vi.runAllTimers();
  vi.useRealTimers();
});

it('a message with something to do about it goes by itself, but not while somebody is at it', () => {
  let isHeld = true;
  toasts.isHeld = () => isHeld;
  toasts.show('Deleted', 'info', { label: 'Undo', run: () => undefined });
  vi.advanceTimersByTime(60_000);
  expect(toasts.all.map(({ text }) => text)).toEqual(['Deleted']);
  isHeld = false;
  vi.advanceTimersByTime(6_000);
  expect(toasts.all).toEqual([]);
  toasts.show('Deleted', 'info', { label: 'Undo', run: () => undefined });
  vi.advanceTimersByTime(11_999);
  expect(toasts.all).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(toasts.all).toEqual([]);
});
