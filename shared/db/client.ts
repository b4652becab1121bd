/**
 * The one way to the database: every statement goes through `app.run` in one Data API call, which checks that the caller is
 * alive, sets the actor, answers repeats of an Idempotency-Key and runs the statement under row-level security.
 */
import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import { z } from 'zod';
import { config } from '../config/config.ts';
import { errors } from '../error-table.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import type { Caller } from './caller.ts';
import { type About, type Counter, createCounter } from './counting.ts';
import { readFailure, refusal, toAppError } from './errors.ts';
import { encode, encodeArray, type Parameter } from './parameters.ts';
import { admitCaller } from './queries.ts';
import type { Statement } from './statement.ts';

/** What makes a second request with the same Idempotency-Key the same request. */
export interface Repeat {
  readonly route: string;
  readonly key: string;
  /** What makes it is slow on purpose: called once, and not before a first statement found that the caller may ask. */
  readonly bodyHash: string | (() => Promise<string>);
  /** The answer holds a secret and must not be kept. */
  readonly secret: boolean;
}

export interface DbOptions {
  readonly caller: Caller;
  readonly requestId: string;
  readonly repeat?: Repeat | undefined;
  /** Class of doors under which the request counts; without one it counts nowhere. */
  readonly limit?: string;
  /** How long a statement may wait for a database that is away: 3 s for a door, what is left for a worker. */
  readonly patienceMs: () => number;
  /** What is left of the caller's life: a database that hangs is given up before the caller is. Default 60 s. */
  readonly leftMs?: () => number;
}

type Args = Record<string, Parameter>;

export interface Db {
  many<A extends Args, R extends z.ZodObject>(statement: Statement<A, R>, args: A): Promise<z.output<R>[]>;
  maybe<A extends Args, R extends z.ZodObject>(statement: Statement<A, R>, args: A): Promise<z.output<R> | null>;
  /** The one row, or `not_found`. */
  one<A extends Args, R extends z.ZodObject>(statement: Statement<A, R>, args: A): Promise<z.output<R>>;
  /** A write that answers by `outcome`: anything but `ok` ends the request with the code of that name, and `waitS` says when to try again. */
  change<A extends Args, R extends z.ZodObject>(statement: Statement<A, R>, args: A): Promise<z.output<R>>;
  /** Ends the request of whoever asks too often, or is not alive: before work that costs, where no statement was run yet. */
  admit(): Promise<void>;
  /** After the first statement: this request repeats one that was answered. The first write gives the rows it gave then and
   *  does nothing anew; the writes after it run as always, so a door skips them or has them guarded. */
  isRepeat(): boolean;
  /** An API key asks, not a person's session. */
  readonly byKey: boolean;
  /** What the first statement told of the caller. */
  readonly about: About;
  /** Data API calls so far, and the milliseconds they took. */
  readonly spent: { calls: number; ms: number };
}

const REQUEST_MS = 60_000; // the Data API itself gives up after 45 s
/** Errors after which a request is not counted with the next one. */
const UNCOUNTED: readonly ErrorCode[] = ['database_unavailable', 'too_many_requests'];
const SPARE_MS = 1_500; // to answer in, when the database does not

let client: RDSDataClient | undefined;

export function dataApi(): RDSDataClient {
  // Our own loop alone retries: the SDK would repeat a write after a 500 although the first try may have committed.
  client ??= new RDSDataClient({
    maxAttempts: 1,
    requestHandler: { requestTimeout: REQUEST_MS, connectionTimeout: 2_000 },
  });
  return client;
}

export function connect(options: DbOptions): Db {
  const spent = { calls: 0, ms: 0 };
  const counter = createCounter(options.caller, options.limit);
  let admitted = false;
  let stored: readonly string[] | undefined;
  let bodyHash: Promise<string> | undefined;
  // The first write is the effect that the Idempotency-Key stands for; what follows it is only its delivery.
  let effectDone = false;

  async function admit(): Promise<void> {
    if (!admitted) await fetchRows(admitCaller, {});
  }

  /** What goes along of the Idempotency-Key. A look does without a hash that is slow to make: the write is compared by it. */
  async function repeatFor(isLook: boolean, isPrelude: boolean): Promise<SentRepeat | undefined> {
    if (effectDone || options.repeat === undefined) return undefined;
    const { bodyHash: given, ...rest } = options.repeat;
    const repeat = { ...rest, look: isLook, lock: !isLook || isPrelude };
    if (typeof given === 'string') return { ...repeat, bodyHash: given };
    if (isLook) return repeat;
    await admit();
    bodyHash ??= given();
    return { ...repeat, bodyHash: await bodyHash };
  }

  /** The rows as they came, keys in camelCase. */
  async function fetchRows<A extends Args, R extends z.ZodObject>(
    statement: Statement<A, R>,
    args: A,
  ): Promise<unknown[]> {
    const isPrelude = statement.isPrelude === true;
    const isLook = statement.access === 'read' || isPrelude;
    const repeat = await repeatFor(isLook, isPrelude);
    if (!isLook) effectDone = true;
    const repeatable = statement.access !== 'write' || repeat?.look === false;
    const leftMs = Math.max(500, (options.leftMs?.() ?? REQUEST_MS) - SPARE_MS);
    const signal = AbortSignal.timeout(Math.min(statement.limitMs ?? leftMs, leftMs));
    const answer =
      repeat?.look === false && stored !== undefined
        ? { stored }
        : await withRetries(options, repeatable, async () => {
            const began = performance.now();
            spent.calls += 1;
            try {
              return await execute(options, statement, args, { repeat, signal, limit: counter.call() });
            } finally {
              spent.ms += performance.now() - began;
            }
          }).catch((error: unknown) => {
            if (error instanceof AppError && !UNCOUNTED.includes(error.code)) counter.undone();
            throw error;
          });
    if (answer.lines !== undefined || answer.about !== undefined) counter.counted(answer.about);
    if (counter.about.refused !== undefined) throw refusal(counter.about.refused, counter.about.limit);
    admitted = true;
    stored = answer.stored ?? stored;
    const lines = answer.lines ?? (isLook ? undefined : answer.stored) ?? [];
    return lines.map((line) => camelKeys(JSON.parse(line)));
  }

  async function run<A extends Args, R extends z.ZodObject>(
    statement: Statement<A, R>,
    args: A,
  ): Promise<z.output<R>[]> {
    return (await fetchRows(statement, args)).map((row) => statement.row.parse(row));
  }

  async function maybe<A extends Args, R extends z.ZodObject>(statement: Statement<A, R>, args: A) {
    const rows = await run(statement, args);
    return rows[0] ?? null;
  }

  async function one<A extends Args, R extends z.ZodObject>(statement: Statement<A, R>, args: A) {
    return (await maybe(statement, args)) ?? notFound();
  }

  async function change<A extends Args, R extends z.ZodObject>(statement: Statement<A, R>, args: A) {
    const [row] = await fetchRows(statement, args);
    if (row === undefined) return notFound();
    // Before the row is checked: besides the outcome, a refusal has nothing but nulls.
    const { outcome = 'ok', waitS } = outcomeShape.parse(row);
    if (outcome !== 'ok')
      throw new AppError(outcomeCode(outcome), typeof waitS === 'number' ? { retryAfterS: waitS } : {});
    return statement.row.parse(row);
  }

  const byKey = options.caller.kind === 'key';
  const isRepeat = () => stored !== undefined || counter.about.repeat === true;
  return { admit, many: run, maybe, one, change, isRepeat, byKey, about: counter.about, spent };
}

function notFound(): never {
  throw new AppError('not_found');
}

interface SentRepeat extends Omit<Repeat, 'bodyHash'> {
  readonly bodyHash?: string;
  /** Nothing is done that the key stands for: the answer comes along, if there is one. */
  readonly look: boolean;
  /** Not beside another request with the key. */
  readonly lock: boolean;
}

const outcomeShape = z.looseObject({ outcome: z.string().optional(), waitS: z.number().nullish() });

function outcomeCode(outcome: string): ErrorCode {
  return isErrorCode(outcome) ? outcome : 'internal';
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errors, code);
}

interface Answer {
  /** Rows of the statement; absent when only the stored answer came back. */
  readonly lines?: readonly string[];
  readonly stored?: readonly string[];
  readonly about?: string;
}

async function execute<A extends Args, R extends z.ZodObject>(
  options: DbOptions,
  statement: Statement<A, R>,
  args: A,
  how: { repeat: SentRepeat | undefined; signal: AbortSignal; limit: ReturnType<Counter['call']> },
): Promise<Answer> {
  const { caller } = options;
  const { repeat, signal, limit } = how;
  const kind = caller.kind === 'key' ? 'actor' : caller.kind;
  const fits = statement.kind === kind || (statement.kind === 'anyone' && kind !== 'worker');
  if (!fits) throw new Error(`${statement.name} is a statement of kind ${statement.kind}`);
  const settings = config('database');
  const secretArn = caller.kind === 'worker' ? settings.DATABASE_WORKER_SECRET_ARN : settings.DATABASE_API_SECRET_ARN;
  const call = {
    ...caller,
    statement: statement.name,
    requestId: options.requestId,
    ...(limit && { limit }),
    ...(repeat && { repeat }),
  };
  const parameters = encodeArray(statement.keys.map((key) => encode(args[key] ?? null)));
  const result = await dataApi().send(
    new ExecuteStatementCommand({
      resourceArn: settings.DATABASE_CLUSTER_ARN,
      secretArn,
      database: settings.DATABASE_NAME,
      sql: 'select part from app.run(:call::jsonb, :statement, :parameters::text[]) as part',
      parameters: [
        { name: 'call', value: { stringValue: JSON.stringify(call) } },
        { name: 'statement', value: { stringValue: statement.text } },
        { name: 'parameters', value: { stringValue: parameters } },
      ],
    }),
    { abortSignal: signal },
  );
  return readParts((result.records ?? []).map((record) => record[0]?.stringValue ?? '').join(''));
}

/** JSON lines; the first may begin with `#` and tell of the caller; one that begins with `!` opens the stored answer of an Idempotency-Key. */
function readParts(text: string): Answer {
  if (text === '') return { lines: [] };
  if (text.startsWith('#')) {
    const end = text.indexOf('\n');
    return { ...readParts(text.slice(end + 1)), about: text.slice(1, end) };
  }
  const mark = text.startsWith('!') ? 0 : text.indexOf('\n!') + 1;
  if (mark === 0 && !text.startsWith('!')) return { lines: split(text) };
  const stored = split(text.slice(mark + 1));
  return mark === 0 ? { stored } : { lines: split(text.slice(0, mark)), stored };
}

function split(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** Repeats what is safe to repeat, within the caller's patience; everything else becomes an answer at once. */
async function withRetries<T>(options: DbOptions, repeatable: boolean, attempt: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + options.patienceMs();
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof AppError) throw error;
      const failure = readFailure(error);
      const again =
        failure.kind === 'sql'
          ? failure.retryable
          : failure.kind === 'away' && (repeatable || failure.effect === 'nothing-happened');
      const pauseMs = Math.min(1_000, 30 * 2 ** tries) * (0.5 + Math.random() / 2);
      if (!again || performance.now() + pauseMs > giveUpAt) throw toAppError(failure, error);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

function camelKeys(row: unknown): unknown {
  if (typeof row !== 'object' || row === null) return row;
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [camel(key), value]));
}

function camel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
