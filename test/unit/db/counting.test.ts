/** What a process carries of requests that were undone, and for how long. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Caller } from '../../../shared/db/caller.ts';
import { createCounter } from '../../../shared/db/counting.ts';

let caller: Caller;
beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1, 12) });
  caller = { kind: 'actor', userId: randomUUID(), sessionId: randomUUID() };
});
afterEach(() => void vi.useRealTimers());

const requests = (windowClass: string) => createCounter(caller, windowClass).call()?.requests;
const undo = (windowClass: string) => createCounter(caller, windowClass).undone();
const tell = (windowClass: string, windowS: number) =>
  createCounter(caller, windowClass).counted(JSON.stringify({ max: 5, windowS, left: 4, resetS: 1 }));

test('what was undone counts with the next request of its class', () => {
  undo('write');
  undo('write');
  expect([requests('write'), requests('read')]).toEqual([3, 1]);
});

test('what was undone in a window that has ended is not counted with the next', () => {
  tell('mail', 600);
  undo('mail');
  vi.advanceTimersByTime(599_000);
  expect(requests('mail')).toBe(2);
  vi.advanceTimersByTime(1_000);
  expect(requests('mail')).toBe(1);
});
