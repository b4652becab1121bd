/**
 * The outside platforms in a process of their own, so that they outlive a killed host and can judge it.
 * `npm run platforms [-- --data <folder>] [--control <port>] …` starts them anywhere; once everything answers, one
 * line begins with `ready http://`.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startBluesky } from './bluesky.ts';
import { startControl } from './control.ts';
import { createPlatformFaults } from './faults.ts';
import { startMastodon } from './mastodon.ts';
import { runningPlatforms } from './running.ts';
import { type PlatformPorts, platformPorts, readState, writeState } from './state-file.ts';
import { startThreads } from './threads.ts';

interface Options {
  readonly dataDir: string;
  readonly ports: PlatformPorts;
  readonly app: { readonly clientId: string; readonly clientSecret: string };
  readonly bluesky: boolean;
  readonly rateLimits: boolean;
}

function readOptions(): Options {
  const port = { type: 'string', default: '0' } as const;
  const { values } = parseArgs({
    options: {
      data: { type: 'string', default: '.data/platforms' },
      control: port,
      mastodon: port,
      threads: port,
      bluesky: port,
      pds: port,
      plc: port,
      appview: port,
      'client-id': { type: 'string', default: 'posthaste-local' },
      'client-secret': { type: 'string', default: 'posthaste-local-secret' },
      'no-bluesky': { type: 'boolean', default: false },
      'pds-rate-limits': { type: 'boolean', default: false },
    },
  });
  const dataDir = resolve(values.data);
  const kept = readState(dataDir)?.ports;
  const chosen = (name: keyof PlatformPorts): number => Number(values[name]) || (kept?.[name] ?? 0);
  return {
    dataDir,
    ports: platformPorts.parse({
      control: chosen('control'),
      mastodon: chosen('mastodon'),
      threads: chosen('threads'),
      bluesky: chosen('bluesky'),
      pds: chosen('pds'),
      plc: chosen('plc'),
      appview: chosen('appview'),
    }),
    app: { clientId: values['client-id'], clientSecret: values['client-secret'] },
    bluesky: !values['no-bluesky'],
    rateLimits: values['pds-rate-limits'],
  };
}

async function start(): Promise<void> {
  const options = readOptions();
  const { dataDir, ports } = options;
  mkdirSync(dataDir, { recursive: true });
  const other = runningPlatforms(dataDir);
  if (other !== null) throw new Error(`they already run for ${dataDir} as process ${other.pid}`);
  const instance = randomUUID();
  const begun = { pid: process.pid, instance, startedAt: new Date().toISOString() };
  writeState(dataDir, { ...begun, ready: false, ports, blueskyUnavailable: null });
  const log = (line: string): void => console.error(`${new Date().toISOString()} ${line}`);
  const faults = createPlatformFaults();
  const mastodon = await startMastodon({ dataDir, port: ports.mastodon, faults, log });
  const threads = await startThreads({ dataDir, port: ports.threads, app: options.app, faults, log });
  const bluesky = await startBluesky({
    dataDir,
    ports,
    enabled: options.bluesky,
    rateLimits: options.rateLimits,
    faults,
    log,
  });
  const parts = { instance, mastodon: mastodon.mastodon, threads: threads.threads, bluesky, faults };
  const control = await startControl(parts, ports.control, log);

  const state = {
    ...begun,
    ready: true,
    ports: {
      control: control.port,
      mastodon: mastodon.port,
      threads: threads.port,
      bluesky: bluesky.proxy.port,
      pds: bluesky.pdsPort(),
      plc: bluesky.plcPort,
      appview: bluesky.appview.port,
    },
    blueskyUnavailable: bluesky.unavailable(),
  };
  writeState(dataDir, state);

  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await Promise.all([control.close(), mastodon.close(), threads.close(), bluesky.close()]);
    writeState(dataDir, { ...state, pid: null, ready: false });
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop());
  process.on('SIGINT', () => void stop());
  const reason = bluesky.unavailable();
  console.log(
    `ready ${control.origin} mastodon ${mastodon.origin} threads ${threads.origin} ` +
      (reason === null
        ? `bluesky ${bluesky.proxy.origin} appview ${bluesky.appview.origin}`
        : `(no bluesky: ${reason})`),
  );
}

start().catch((error: unknown) => {
  console.error(`the platforms cannot start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
