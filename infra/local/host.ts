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
import { announceUploads, declareQueues, deadLetterOf, queueNames, startEventSources, workersOf } from './queues.ts';
import { sendStartPage, type StartPageLink } from './start-page.ts';
import { supervisePostgres } from './supervisor.ts';
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
