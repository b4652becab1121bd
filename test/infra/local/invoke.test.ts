import type { Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import { createInvoker, type LambdaHandler, type LocalFunction } from '../../../infra/local/invoke.ts';

function world(handler: LambdaHandler, more: Partial<LocalFunction> = {}, maxConcurrency?: number) {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const invoker = createInvoker({
    functions: [{ name: 'fn', timeoutS: 5, memoryMb: 512, load: async () => handler, ...more }],
    log: (line) => lines.push(line),
    ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
  });
  return { invoker, lines };
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('a function gets its event as JSON and a context that counts down to its deadline', async () => {
  const seen: { event: unknown; context: Context; remaining: number }[] = [];
  const { invoker } = world(async (event, context) => {
    await sleep(30);
    seen.push({ event, context, remaining: context.getRemainingTimeInMillis() });
    return { done: true };
  });
  const result = await invoker.invoke('fn', { at: new Date(0), left: undefined });
  expect(result).toEqual({ kind: 'ok', payload: '{"done":true}' });
  expect(seen[0]?.event).toEqual({ at: '1970-01-01T00:00:00.000Z' });
  expect(seen[0]?.context).toMatchObject({ functionName: 'fn', functionVersion: '$LATEST', memoryLimitInMB: '512' });
  expect(seen[0]?.context.awsRequestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(seen[0]?.remaining).toBeLessThanOrEqual(4_970);
  expect(seen[0]?.remaining).toBeGreaterThan(4_000);
});

test('what a function throws is its failure, with one line in the log', async () => {
  const { invoker, lines } = world(() => {
    throw new TypeError('broken');
  });
  expect(await invoker.invoke('fn', {})).toEqual({ kind: 'failed', errorType: 'TypeError', errorMessage: 'broken' });
  expect(lines).toEqual([expect.objectContaining({ level: 'error', function: 'fn', errorType: 'TypeError' })]);
});

test('a function over its time-out is abandoned and logged; it counts as running until it ends', async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const { invoker, lines } = world(() => held, { timeoutS: 0.05 });
  const result = await invoker.invoke('fn', {});
  expect(result).toMatchObject({ kind: 'failed', errorType: 'Sandbox.Timedout' });
  expect(result).toMatchObject({ errorMessage: expect.stringMatching(/ Task timed out after 0\.05 seconds$/) });
  expect(lines).toHaveLength(1);
  expect(invoker.running('fn')).toBe(1);
  release();
  await invoker.settled(10_000);
  expect(invoker.running()).toBe(0);
});

test('events over 6 MB are refused, results over it are a failure', async () => {
  let calls = 0;
  const { invoker } = world(async (event) => {
    calls += 1;
    return { twice: [event, event] };
  });
  const sixMib = 6 * 1024 * 1024;
  expect(await invoker.invoke('fn', 'a'.repeat(sixMib))).toEqual({ kind: 'too-large' });
  expect(calls).toBe(0);
  const result = await invoker.invoke('fn', 'a'.repeat(sixMib / 2 + 100));
  expect(result).toMatchObject({ kind: 'failed', errorType: 'Function.ResponseSizeTooLarge' });
  expect(calls).toBe(1);
});

test('a function is loaded once, at its first invocation, and again when loading failed', async () => {
  let loads = 0;
  const load = async (): Promise<LambdaHandler> => {
    loads += 1;
    if (loads === 1) throw new Error('no such file');
    return async () => loads;
  };
  const { invoker } = world(() => undefined, { load });
  expect(loads).toBe(0);
  expect(await invoker.invoke('fn', {})).toMatchObject({ kind: 'failed', errorType: 'Runtime.ImportModuleError' });
  expect(await Promise.all([invoker.invoke('fn', {}), invoker.invoke('fn', {})])).toEqual([
    { kind: 'ok', payload: '2' },
    { kind: 'ok', payload: '2' },
  ]);
});

test('beyond the concurrency of the account invocations are throttled', async () => {
  const { invoker } = world(() => sleep(50), {}, 2);
  const results = await Promise.all([1, 2, 3].map((n) => invoker.invoke('fn', n)));
  expect(results.map((result) => result.kind)).toEqual(['ok', 'ok', 'throttled']);
});

test('settled gives up after the time given', async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const { invoker } = world(() => held);
  const running = invoker.invoke('fn', {});
  await invoker.settled(50);
  expect(invoker.running()).toBe(1);
  release();
  await running;
});
