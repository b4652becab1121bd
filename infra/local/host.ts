/**
 * The second host of the same functions: everything that AWS does for them, on one machine. One host per process, since
 * functions keep clients and read the environment once. Order of starting is the reverse of the order of stopping.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { reloadConfig } from '../../shared/config/config.ts';
import { type Door, listDoors } from '../doors.ts';
import { bundleDoors } from '../tools/bundle.ts';
import { createClock } from './clock.ts';
import { startControl } from './control.ts';
import { applyEnvironment, environmentOf } from './environment.ts';
import { createFaults } from './faults.ts';
import { endpointsOf, functionsOf, routesOf, schedulesOf } from './functions.ts';
import { createGateway } from './gateway.ts';
import { ensureMigrator, openDatabase } from './host-database.ts';
import { type HostLog, openHostLog } from './host-log.ts';
import { createInbox } from './inbox.ts';
import { createInvoker } from './invoke.ts';
import { lockFiles } from './lock.ts';
import type { HostOptions } from './options.ts';
import { anyFreePort, keepPorts } from './ports.ts';
import { removePostgres } from './postgres.ts';
import { announceUploads, deadLetterOf, declareQueues, queueNames, startEventSources, workersOf } from './queues.ts';
import { type StartPageLink, sendStartPage } from './start-page.ts';
import { type PostgresSupervisor, supervisePostgres } from './supervisor.ts';
import { createWire, type Wire } from './wire.ts';

export interface Host {
  /** `http://127.0.0.1:PORT` of the HTTP API. */
  readonly origin: string;
  /** Origin of the wire endpoints. */
  readonly awsOrigin: string;
  /** Origin of the control calls; null without them. */
  readonly controlOrigin: string | null;
  /** Folder of the PostgreSQL cluster. */
  readonly databaseLocation: string;
  /** What functions find in their environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Fires one schedule, or all; resolves when they have run. */
  tick(schedule?: string): Promise<void>;
  /** Takes no more work, lets the running work end, stops everything. */
  stop(): Promise<void>;
}

const settleWithinMs = 35_000;
const healthWithinMs = 30_000;

/** Starts everything and resolves when it answers. Whatever runs is stopped again when something does not start. */
export async function startHost(options: HostOptions): Promise<Host> {
  const { dataDir } = options;
  const report = options.report ?? (() => undefined);
  await using parts = new AsyncDisposableStack();
  if (options.fresh === true) await removeKept(dataDir);
  await mkdir(dataDir, { recursive: true });
  const log = parts.adopt(openHostLog(join(dataDir, 'logs', 'host.log')), (opened) => opened.close());
  if (options.captureConsole === true) log.captureConsole();
  const faults = createFaults();
  const ports = await keepPorts(join(dataDir, 'ports.json'));
  const port = options.port === 0 ? await anyFreePort() : options.port;

  const starting = startPostgres(options, ports.postgres, log);
  parts.defer(() => starting.then((postgres) => postgres.stop()).catch(() => undefined));
  const wire = createWire({ dir: join(dataDir, 'aws'), port: ports.aws, faults });
  parts.defer(wire.close);
  const [postgres, database, { doors, entryOf }] = await Promise.all([
    starting,
    starting.then(async (running) => {
      await ensureMigrator(running.current(), wire);
      await wire.listen(running.current().port);
      return openDatabase(wire, report);
    }),
    prepareDoors(options, report),
  ]);
  parts.defer(database.close);

  const publicOrigin = `http://127.0.0.1:${port}`;
  const facts = { secrets: wire.secrets, awsOrigin: wire.origin, publicOrigin, platformOrigins: [] };
  const environment = environmentOf(facts);
  applyEnvironment(environment);
  reloadConfig();

  const workers = workersOf(doors);
  declareQueues(wire.sqs, workers);
  announceUploads(wire.s3Events, workers);
  const invoker = createInvoker({ functions: functionsOf(doors, entryOf), log: log.write });
  parts.defer(() => invoker.settled(settleWithinMs));
  const sources = startEventSources({ sqs: wire.sqs, invoker, faults }, workers);
  parts.defer(async () => void (await Promise.all(sources.map((source) => source.stop()))));
  wire.s3Events.wake();
  const gateway = createGateway({
    routes: routesOf(doors),
    invoke: invoker.invoke,
    localPages: localPages(doors, wire),
    ...(options.throttle === undefined ? {} : { throttle: options.throttle }),
  });
  parts.defer(gateway.close);
  const { origin } = await gateway.listen(port);
  const clock = createClock({ schedules: schedulesOf(doors), fire: invoker.invoke });
  parts.defer(clock.stop);
  if (options.clock !== false) clock.start();
  const control =
    options.control === true
      ? await startControl({
          port: 0,
          faults,
          tick: clock.tick,
          moveClock: database.moveClock,
          postgres: (action) => steer(postgres, action),
          queues: () => countQueues(wire),
        })
      : null;
  if (control !== null) parts.defer(control.close);
  await waitForHealth(origin, doors);

  const kept = parts.move();
  let stopping: Promise<void> | null = null;
  return {
    origin,
    environment,
    awsOrigin: wire.origin,
    controlOrigin: control?.origin ?? null,
    databaseLocation: postgres.current().location,
    tick: clock.tick,
    stop: () => {
      stopping ??= kept.disposeAsync();
      return stopping;
    },
  };
}

function startPostgres(options: HostOptions, port: number, log: HostLog): Promise<PostgresSupervisor> {
  return supervisePostgres({
    port,
    dataDir: options.dataDir,
    durable: options.durable ?? true,
    log: (line) => log.write({ level: 'info', message: line }),
  });
}

/** Everything but the lock, which this very process may hold. */
async function removeKept(dataDir: string): Promise<void> {
  await removePostgres(dataDir);
  const names = await readdir(dataDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const name of names) {
    if (!lockFiles.has(name)) await rm(join(dataDir, name), { recursive: true, force: true });
  }
}

async function prepareDoors(options: HostOptions, report: (line: string) => void) {
  const doors = await listDoors(options.doors);
  if (options.source === 'source') return { doors, entryOf: undefined };
  const { bundles, cached } = await bundleDoors({
    doors,
    ...(options.doors === undefined ? {} : { outDir: join(options.dataDir, 'functions') }),
  });
  if (!cached) report(`functions: ${bundles.length} bundled`);
  const entries = new Map(bundles.map(({ operation, entry }) => [operation, entry]));
  return {
    doors,
    entryOf: (operation: string) => {
      const entry = entries.get(operation);
      if (entry === undefined) throw new Error(`there is no bundle of ${operation}`);
      return entry;
    },
  };
}

function localPages(doors: readonly Door[], wire: Wire) {
  const inbox = createInbox(wire.ses);
  const links: StartPageLink[] = [
    ...endpointsOf(doors).flatMap(({ contract: { path } }): StartPageLink[] => {
      if (path.endsWith('/docs'))
        return [{ href: path, label: 'API reference', about: 'every route, to read and to try' }];
      if (path.endsWith('/openapi.json')) return [{ href: path, label: 'OpenAPI', about: 'the same as a document' }];
      return path.endsWith('/health') ? [{ href: path, label: 'Health', about: 'of the API and its database' }] : [];
    }),
    { href: '/inbox', label: 'Inbox', about: 'mails that were sent on this machine' },
  ];
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const path = request.url?.split('?')[0];
    if (path === '/inbox' || path === '/inbox.json') return inbox(request, response);
    if (path !== '/' || request.method !== 'GET') return false;
    sendStartPage(response, links);
    return true;
  };
}

async function steer(postgres: PostgresSupervisor, action: 'stop' | 'start' | 'kill'): Promise<void> {
  if (action === 'stop') await postgres.pause();
  else if (action === 'start') await postgres.resume();
  else postgres.kill();
}

function countQueues({ sqs }: Wire) {
  const names = queueNames.flatMap((name) => [name, deadLetterOf(name)]);
  return Object.fromEntries(names.map((name) => [name, sqs.counts(name)]));
}

/** The door of health says so through the gateway, the Data API and PostgreSQL. */
async function waitForHealth(origin: string, doors: readonly Door[]): Promise<void> {
  const path = endpointsOf(doors).find(({ contract }) => contract.path.endsWith('/health'))?.contract.path;
  if (path === undefined) return;
  const deadlineMs = performance.now() + healthWithinMs;
  for (;;) {
    const response = await fetch(origin + path, { signal: AbortSignal.timeout(healthWithinMs) });
    const text = await response.text();
    if (response.ok) return;
    if (performance.now() > deadlineMs) throw new Error(`${path} answers ${response.status}: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
