/**
 * The second host of the same functions: everything that AWS does for them, on one machine. One host per process, since
 * functions keep clients and read the environment once. Order of starting is the reverse of the order of stopping.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { reloadConfig } from '../../shared/config/config.ts';
import type { Door } from '../doors.ts';
import { createClock } from './clock.ts';
import { startControl } from './control.ts';
import { applyEnvironment, environmentOf } from './environment.ts';
import { createFaults, type Faults } from './faults.ts';
import {
  callbackPaths,
  endpointsOf,
  functionsOf,
  type PreparedDoors,
  prepareDoors,
  routesOf,
  schedulesOf,
} from './functions.ts';
import { createGateway } from './gateway.ts';
import { ensureMigrator, type HostDatabase, openDatabase } from './host-database.ts';
import { type HostLog, openHostLog } from './host-log.ts';
import { linksOf, localPages } from './host-pages.ts';
import { type FoundPlatforms, findPlatforms, placesOf, registerCallbacks, trustedOf } from './host-platforms.ts';
import { createInvoker } from './invoke.ts';
import { removeKept } from './kept.ts';
import type { HostOptions, PlatformOrigins } from './options.ts';
import { anyFreePort, keepPorts, type Ports } from './ports.ts';
import { announceUploads, deadLetterOf, declareQueues, queueNames, startEventSources, workersOf } from './queues.ts';
import type { StartPageLink } from './start-page.ts';
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
  /** Where the platforms are; null without them. */
  readonly platforms: PlatformOrigins | null;
  /** Why there is no Bluesky; null when there is, or when nobody asked for platforms. */
  readonly blueskyMissing: string | null;
  /** Pages for people. */
  readonly links: readonly StartPageLink[];
  /** What functions find in their environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Fires one schedule, or all; resolves when they have run. */
  tick(schedule?: string): Promise<void>;
  /** Takes no more work, lets the running work end, stops everything. */
  stop(): Promise<void>;
}

const settleWithinMs = 35_000;
const healthWithinMs = 30_000;

interface Ground {
  readonly options: HostOptions;
  readonly report: (line: string) => void;
  readonly parts: AsyncDisposableStack;
  readonly log: HostLog;
  readonly faults: Faults;
  readonly ports: Ports;
  readonly publicOrigin: string;
}

interface Base extends PreparedDoors {
  readonly wire: Wire;
  readonly postgres: PostgresSupervisor;
  readonly database: HostDatabase;
  readonly platforms: FoundPlatforms | null;
}

/** Starts everything and resolves when it answers. Whatever runs is stopped again when something does not start. */
export async function startHost(options: HostOptions): Promise<Host> {
  await using parts = new AsyncDisposableStack();
  const ground = await prepareGround(options, parts);
  const base = await startBase(ground);
  const environment = environmentOf({
    secrets: base.wire.secrets,
    awsOrigin: base.wire.origin,
    publicOrigin: ground.publicOrigin,
    platformOrigins: base.platforms === null ? [] : trustedOf(base.platforms.origins),
  });
  applyEnvironment(environment);
  reloadConfig();
  const { tick, controlOrigin } = await startFunctions(ground, base);
  await waitForHealth(ground.publicOrigin, base.doors);

  const started = parts.move();
  let stopping: Promise<void> | null = null;
  return {
    origin: ground.publicOrigin,
    awsOrigin: base.wire.origin,
    controlOrigin,
    platforms: base.platforms?.origins ?? null,
    blueskyMissing: base.platforms?.missing ?? null,
    databaseLocation: base.postgres.current().location,
    links: linksOf(base.doors, base.platforms?.origins ?? null),
    environment,
    tick,
    stop: () => {
      stopping ??= started.disposeAsync();
      return stopping;
    },
  };
}

async function prepareGround(options: HostOptions, parts: AsyncDisposableStack): Promise<Ground> {
  const { dataDir } = options;
  if (options.fresh === true) await removeKept(dataDir);
  await mkdir(dataDir, { recursive: true });
  const log = parts.adopt(openHostLog(join(dataDir, 'logs', 'host.log')), (opened) => opened.close());
  if (options.captureConsole === true) log.captureConsole();
  // The origin stands in what functions send, so it must be known before the first of them runs.
  const port = options.port === 0 ? await anyFreePort() : options.port;
  return {
    options,
    parts,
    log,
    report: options.report ?? (() => undefined),
    faults: createFaults(),
    ports: await keepPorts(join(dataDir, 'ports.json')),
    publicOrigin: `http://127.0.0.1:${port}`,
  };
}

/** PostgreSQL with the wire endpoints and migrations, the platforms and the bundles: side by side. */
async function startBase({ options, report, parts, log, faults, ports, publicOrigin }: Ground): Promise<Base> {
  const wire = createWire({ dir: join(options.dataDir, 'aws'), port: ports.aws, faults });
  const starting = startPostgres(options, ports.postgres, log);
  parts.defer(() => starting.then((postgres) => postgres.stop()).catch(() => undefined));
  parts.defer(wire.close);
  const startingPlatforms = findPlatforms(options, { wire, ports, log });
  parts.defer(() => startingPlatforms.then((found) => found?.stop()).catch(() => undefined));
  const openingDatabase = starting.then(async (postgres) => {
    await ensureMigrator(postgres.current(), wire);
    await wire.listen(postgres.current().port);
    return openDatabase(wire, report);
  });
  const [postgres, database, prepared, platforms] = await Promise.all([
    starting,
    openingDatabase,
    prepareDoors(options, report),
    startingPlatforms,
  ]);
  parts.defer(database.close);
  if (platforms !== null) {
    if (platforms.missing !== null) report(`no Bluesky: ${platforms.missing}`);
    const callbacks = callbackPaths(prepared.doors).map((path) => publicOrigin + path);
    await Promise.all([
      database.placePlatforms(placesOf(platforms.origins)),
      registerCallbacks(platforms.origins, callbacks),
    ]);
  }
  return { ...prepared, wire, postgres, database, platforms };
}

/** Queues, event sources, the gateway, the clock and the control calls. */
async function startFunctions({ options, parts, log, faults, publicOrigin }: Ground, base: Base) {
  const { wire, doors, entryOf, database, postgres, platforms } = base;
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
    localPages: localPages(linksOf(doors, platforms?.origins ?? null), wire.ses),
    log: (line) => log.write({ level: 'info', message: 'access', ...line }),
    webOrigins: options.webOrigins ?? [],
    ...(options.throttle === undefined ? {} : { throttle: options.throttle }),
  });
  parts.defer(gateway.close);
  await gateway.listen(Number(new URL(publicOrigin).port));
  const clock = createClock({ schedules: schedulesOf(doors), fire: invoker.invoke });
  parts.defer(clock.stop);
  if (options.clock !== false) clock.start();
  if (options.control !== true) return { tick: clock.tick, controlOrigin: null };
  const control = await startControl({
    port: 0,
    faults,
    tick: clock.tick,
    moveClock: database.moveClock,
    setLimits: database.setLimits,
    postgres: (action) => steer(postgres, action),
    queues: () => countQueues(wire),
  });
  parts.defer(control.close);
  return { tick: clock.tick, controlOrigin: control.origin };
}

function startPostgres(options: HostOptions, port: number, log: HostLog): Promise<PostgresSupervisor> {
  return supervisePostgres({
    port,
    dataDir: options.dataDir,
    durable: options.durable ?? true,
    log: (line) => log.write({ level: 'info', message: line }),
  });
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
