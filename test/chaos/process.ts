/** The host in a process of its own: started, steered by its control calls, seen dying. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Fault } from '../../infra/local/faults.ts';
import { type HostReady, type HostSettings, hostReady } from './settings.ts';

const hostFile = fileURLToPath(new URL('./host.ts', import.meta.url));
const startWithinMs = 90_000;
const counts = z.record(z.string(), z.object({ visible: z.number(), inFlight: z.number(), delayed: z.number() }));

export interface HostProcess {
  readonly pid: number;
  readonly ready: HostReady;
  /** Signal or code it ended with; null while it lives. */
  ended(): string | null;
  readonly end: Promise<string>;
  /** Process id of its PostgreSQL. */
  postgresPid(): number;
  tick(schedule: string): Promise<void>;
  moveClock(offsetMs: number): Promise<void>;
  arm(fault: Fault): Promise<void>;
  disarm(only?: Pick<Fault, 'point' | 'action'>): Promise<void>;
  queues(): Promise<z.output<typeof counts>>;
  /** Points passed so far. */
  seen(): Promise<Record<string, number>>;
}

export async function startHostProcess(settings: HostSettings): Promise<HostProcess> {
  const child = spawn(process.execPath, [hostFile, JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const end = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? String(code)));
  });
  let ended: string | null = null;
  child.once('exit', (code, signal) => {
    ended = signal ?? String(code);
  });
  const ready = await waitForReady(child);
  const { pid } = child;
  if (pid === undefined) throw new Error('the host has no process id');
  const control = (method: string, path: string, body?: unknown) => callControl(ready.control + path, method, body);
  return {
    pid,
    ready,
    end,
    ended: () => ended,
    postgresPid: () => Number(readFileSync(join(ready.database, 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]),
    tick: async (schedule) => void (await control('POST', '/tick', { schedule })),
    moveClock: async (offsetMs) => void (await control('POST', '/clock', { offsetMs })),
    arm: async (fault) => void (await control('POST', '/faults', fault)),
    disarm: async (only) => void (await control('DELETE', '/faults', only)),
    queues: async () => counts.parse(await control('GET', '/queues')),
    seen: async () => z.record(z.string(), z.number()).parse(await control('GET', '/faults/seen')),
  };
}

function waitForReady(child: ChildProcess): Promise<HostReady> {
  return new Promise((resolve, reject) => {
    let out = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the host was not ready after ${startWithinMs / 1000} s: ${out}`));
    }, startWithinMs);
    const hear = (chunk: unknown) => {
      out += String(chunk);
      const line = /^ready (\{.*\})$/m.exec(out)?.[1];
      if (line === undefined) return;
      clearTimeout(timer);
      resolve(hostReady.parse(JSON.parse(line)));
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('exit', () => {
      clearTimeout(timer);
      reject(new Error(`the host ended before it was ready: ${out}`));
    });
  });
}

async function callControl(url: string, method: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
  const text = await response.text();
  if (!response.ok) throw new Error(`control call ${method} ${url} answered ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text);
}
