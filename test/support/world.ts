/**
 * The whole back end in the test's own process: a database of its own, the wire endpoints, and the doors from source
 * behind the gateway. One world per test file, since functions keep clients and read the environment once.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { type Door, listDoors } from '../../infra/doors.ts';
import type { Mail } from '../../infra/local/aws/ses.ts';
import type { Sqs } from '../../infra/local/aws/sqs.ts';
import { createClock } from '../../infra/local/clock.ts';
import { applyEnvironment, environmentOf } from '../../infra/local/environment.ts';
import { createFaults, type Faults } from '../../infra/local/faults.ts';
import { functionsOf, routesOf, schedulesOf } from '../../infra/local/functions.ts';
import { createGateway } from '../../infra/local/gateway.ts';
import { createInvoker, type Invocation } from '../../infra/local/invoke.ts';
import { announceUploads, declareQueues, startEventSources, workersOf } from '../../infra/local/queues.ts';
import { createWire } from '../../infra/local/wire.ts';
import { reloadConfig } from '../../shared/config/config.ts';
import { LOG_SINK } from '../../shared/log.ts';
import { recorded } from './answers.ts';
import { type Answer, type CallOptions, callOf } from './call.ts';
import { freePort } from './free-port.ts';
import { createTestDatabase, type TestDatabase } from './postgres.ts';
import { createSecretKeeper } from './secrets.ts';

export interface World {
  /** Origin of the HTTP API. */
  readonly origin: string;
  /** Origin of the wire endpoints. */
  readonly awsOrigin: string;
  readonly doors: readonly Door[];
  readonly faults: Faults;
  readonly sqs: Sqs;
  readonly database: TestDatabase;
  /** What the functions logged, one JSON line each. No secret may be in them: `close` looks. */
  readonly logs: readonly string[];
  /** Calls the API and checks that the answer is one that the door declares, field by field. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Mails to an address, newest first. */
  mails(to: string): readonly Mail[];
  /** Runs SQL as the owner of the schema, for arranging and for looking. */
  sql(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Moves `app.now()` by so many milliseconds against the server's time. */
  moveClock(offsetMs: number): Promise<void>;
  /** Fires a schedule, or all of them. */
  tick(schedule?: string): Promise<void>;
  invoke(operation: string, event: unknown): Promise<Invocation>;
  /** From here on no queue is read: what the test does next is all that happens. */
  stopWorkers(): Promise<void>;
  close(): Promise<void>;
}

export interface WorldOptions {
  /** Starts the queue workers. Default false: nothing runs that the test did not ask for. */
  readonly workers?: boolean;
  /** Origins of platforms that the functions may call although they are on this machine. */
  readonly platformOrigins?: readonly string[];
  /** Origins of browsers that may call. */
  readonly webOrigins?: readonly string[];
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  await using parts = new AsyncDisposableStack();
  const [doors, database, awsPort, port] = await Promise.all([
    listDoors(),
    createTestDatabase(),
    freePort(),
    freePort(),
  ]);
  parts.defer(database.drop);
  const dir = await mkdtemp(join(tmpdir(), 'posthaste-world-'));
  parts.defer(() => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, 'aws'), { mode: 0o700 });
  await writeFile(join(dir, 'aws', 'secrets.json'), database.server.secrets, { mode: 0o600 });
  const faults = createFaults();
  const wire = createWire({ dir: join(dir, 'aws'), port: awsPort, faults });
  parts.defer(wire.close);
  await wire.listen(database.server.port);
  const owner = await database.connect();
  parts.defer(() => owner.end());
  // To compare all tables it would start workers, for longer than it takes to read the few rows.
  await owner.query('set max_parallel_workers_per_gather = 0');

  const facts = { secrets: wire.secrets, awsOrigin: wire.origin, publicOrigin: `http://127.0.0.1:${port}` };
  const environment = environmentOf({ ...facts, platformOrigins: options.platformOrigins ?? [] });
  applyEnvironment({ ...environment, DATABASE_NAME: database.name });
  reloadConfig();
  const logs: string[] = [];
  parts.defer(captureLogs(logs));

  const workers = workersOf(doors);
  declareQueues(wire.sqs, workers);
  announceUploads(wire.s3Events, workers);
  const invoker = createInvoker({
    functions: functionsOf(doors),
    log: (line) => void logs.push(JSON.stringify(line)),
  });
  parts.defer(() => invoker.settled(5_000));
  const sources = options.workers === true ? startEventSources({ sqs: wire.sqs, invoker, faults }, workers) : [];
  const stopWorkers = async () => void (await Promise.all(sources.splice(0).map((source) => source.stop())));
  parts.defer(stopWorkers);
  const invoke = recorded(doors, invoker.invoke);
  const gateway = createGateway({ routes: routesOf(doors), invoke, webOrigins: options.webOrigins ?? [] });
  parts.defer(gateway.close);
  const { origin } = await gateway.listen(port);
  const clock = createClock({ schedules: schedulesOf(doors), fire: invoker.invoke });
  const secrets = createSecretKeeper();
  const mails = () => wire.ses.list({ limit: 100_000 });
  const kept = parts.move();
  return {
    origin,
    awsOrigin: wire.origin,
    doors,
    faults,
    sqs: wire.sqs,
    database,
    logs,
    call: callOf(origin, doors, secrets),
    mails: (to) => wire.ses.list({ to }),
    sql: async (text, values = []) => (await owner.query<Record<string, unknown>>(text, [...values])).rows,
    moveClock: (offsetMs) => moveClock(owner, offsetMs),
    tick: clock.tick,
    invoke,
    stopWorkers,
    close: async () => {
      const leaks = secrets.leaks(logs, mails());
      await kept.disposeAsync();
      if (leaks.length > 0) throw new Error(`secrets were logged:\n${leaks.join('\n')}`);
    },
  };
}

async function moveClock(owner: pg.Client, offsetMs: number): Promise<void> {
  const expression = offsetMs === 0 ? 'now()' : `now() + interval ''${Math.trunc(offsetMs)} milliseconds''`;
  await owner.query(
    `create or replace function app.now() returns timestamptz language sql stable parallel safe as 'select ${expression}'`,
  );
}

/** Functions log to the process; a test reads the lines instead. */
function captureLogs(lines: string[]): () => void {
  Reflect.set(globalThis, LOG_SINK, (line: string) => void lines.push(line));
  return () => void Reflect.deleteProperty(globalThis, LOG_SINK);
}
