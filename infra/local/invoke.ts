/**
 * Calls functions as Lambda does: one JSON event in, one JSON result out, a deadline, payload limits.
 * Unlike Lambda all functions share this process, so a function that runs into its time-out is not killed: its promise is abandoned.
 */
import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';

export type LambdaHandler = (event: unknown, context: Context) => unknown;

export interface LocalFunction {
  /** Operation name, such as `createPost`. */
  readonly name: string;
  readonly timeoutS: number;
  readonly memoryMb: number;
  /** Called once, at the first invocation; again after it failed. */
  readonly load: () => Promise<LambdaHandler>;
}

export type Invocation =
  | { readonly kind: 'ok'; readonly payload: string }
  /** The function threw, ran out of time, could not be loaded or answered too much. */
  | { readonly kind: 'failed'; readonly errorType: string; readonly errorMessage: string }
  /** The event is over Lambda's 6 MB; the function was not called. */
  | { readonly kind: 'too-large' }
  /** As many invocations run as the account may have; the function was not called. */
  | { readonly kind: 'throttled' };

export interface InvokerOptions {
  readonly functions: readonly LocalFunction[];
  /** One line per failed invocation. */
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
  /** Default 1,000: an account's concurrency per Region. */
  readonly maxConcurrency?: number;
}

export interface Invoker {
  /** Never rejects for what the function does. Throws on an unknown function. */
  invoke(name: string, event: unknown): Promise<Invocation>;
  /** Invocations that run now: of one function, or of all. An abandoned one counts until it settles. */
  running(name?: string): number;
  /** Resolves when nothing runs any more, or after the time given. */
  settled(withinMs: number): Promise<void>;
}

/** Measured by others: events up to 6 MiB; results may have 100 bytes more. */
export const maxEventBytes = 6 * 1024 * 1024;
const maxResultBytes = maxEventBytes + 100;
const defaultConcurrency = 1_000;

interface Loaded {
  readonly fn: LocalFunction;
  handler: Promise<LambdaHandler> | null;
  running: number;
}

export function createInvoker(options: InvokerOptions): Invoker {
  const functions = new Map<string, Loaded>();
  for (const fn of options.functions) functions.set(fn.name, { fn, handler: null, running: 0 });
  const waiting = new Set<() => void>();
  let total = 0;

  function count(loaded: Loaded, change: 1 | -1): void {
    loaded.running += change;
    total += change;
    if (total === 0) for (const wake of waiting) wake();
  }

  async function invoke(name: string, event: unknown): Promise<Invocation> {
    const loaded = functions.get(name);
    if (loaded === undefined) throw new Error(`there is no function ${name}`);
    const payload = JSON.stringify(event);
    if (Buffer.byteLength(payload) > maxEventBytes) return { kind: 'too-large' };
    if (total >= (options.maxConcurrency ?? defaultConcurrency)) return { kind: 'throttled' };
    const requestId = randomUUID();
    count(loaded, 1);
    const work = call(loaded, JSON.parse(payload), requestId);
    work.done.finally(() => count(loaded, -1)).catch(() => undefined);
    try {
      return { kind: 'ok', payload: toPayload(await work.result) };
    } catch (error) {
      const failure = describeFailure(error);
      options.log({ level: 'error', function: name, requestId, ...failure });
      return { kind: 'failed', errorType: failure.errorType, errorMessage: failure.errorMessage };
    }
  }

  return {
    invoke,
    running: (name) => (name === undefined ? total : (functions.get(name)?.running ?? 0)),
    settled: (withinMs) => {
      if (total === 0) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(end, withinMs);
        function end(): void {
          clearTimeout(timer);
          waiting.delete(end);
          resolve();
        }
        waiting.add(end);
      });
    },
  };
}

/** `result` settles at the deadline at the latest, `done` when the function itself has. */
function call(loaded: Loaded, event: unknown, requestId: string): { result: Promise<unknown>; done: Promise<unknown> } {
  const timeoutMs = loaded.fn.timeoutS * 1000;
  let timer: NodeJS.Timeout | undefined;
  const handler = loadOnce(loaded);
  const done = handler.then((run) => {
    const context = newContext(loaded.fn, requestId, performance.now() + timeoutMs);
    return run(event, context);
  });
  const deadline = handler.then(
    () =>
      new Promise<never>((_, reject) => {
        const message = `${requestId} Task timed out after ${loaded.fn.timeoutS.toFixed(2)} seconds`;
        timer = setTimeout(() => reject(new LambdaError('Sandbox.Timedout', message)), timeoutMs);
      }),
  );
  const result = Promise.race([done, deadline]).finally(() => clearTimeout(timer));
  return { result, done };
}

async function loadOnce(loaded: Loaded): Promise<LambdaHandler> {
  loaded.handler ??= loaded.fn.load();
  try {
    return await loaded.handler;
  } catch (error) {
    loaded.handler = null;
    throw new LambdaError('Runtime.ImportModuleError', messageOf(error), error);
  }
}

function newContext(fn: LocalFunction, requestId: string, deadlineMs: number): Context {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: fn.name,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${fn.name}`,
    memoryLimitInMB: String(fn.memoryMb),
    awsRequestId: requestId,
    logGroupName: `/aws/lambda/${fn.name}`,
    logStreamName: `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]local`,
    getRemainingTimeInMillis: () => Math.max(0, Math.floor(deadlineMs - performance.now())),
    done: noCallbacks,
    fail: noCallbacks,
    succeed: noCallbacks,
  };
}

function noCallbacks(): never {
  throw new Error('Node 24 on Lambda takes async functions only');
}

function toPayload(result: unknown): string {
  // What JSON cannot hold at the top (undefined) is null on the wire, as in the runtime.
  const payload = JSON.stringify(result) ?? 'null';
  if (Buffer.byteLength(payload) <= maxResultBytes) return payload;
  throw new LambdaError(
    'Function.ResponseSizeTooLarge',
    `Response payload size exceeded maximum allowed payload size (${maxResultBytes} bytes).`,
  );
}

class LambdaError extends Error {
  constructor(name: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = name;
  }
}

function describeFailure(error: unknown) {
  const errorType = error instanceof Error ? error.name : typeof error;
  const trace = error instanceof Error && !(error instanceof LambdaError) ? { trace: error.stack } : {};
  return { errorType, errorMessage: messageOf(error), ...trace };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
