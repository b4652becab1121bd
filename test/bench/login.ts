/** How long a login takes, whoever asks: known, wrong, unknown, held. Interleaved, so that all meet the same machine. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type HostProcess, startHostProcess } from './host-process.ts';
import { createCaller } from './http.ts';
import { registerPerson } from './person.ts';
import { percentile, printTable, say } from './table.ts';

const ROUNDS = 100;
const WARM_UP = 15;

interface Case {
  readonly name: string;
  readonly body: { readonly email: string; readonly password: string };
  readonly status: number;
  readonly ms: number[];
}

export async function benchLogin(): Promise<void> {
  const host = await startHostProcess({ platforms: false });
  const caller = createCaller(1);
  try {
    const [known, wronged] = [await registerPerson(host.origin), await registerPerson(host.origin)];
    const password = 'not the right password';
    const cases: Case[] = [
      { name: 'known, right password', body: { email: known.email, password: known.password }, status: 200, ms: [] },
      { name: 'known, wrong password', body: { email: wronged.email, password }, status: 401, ms: [] },
      { name: 'unknown', body: { email: 'nobody@example.com', password }, status: 401, ms: [] },
      { name: 'held', body: { email: 'held@example.com', password }, status: 429, ms: [] },
    ];
    const ask = async ({ body, status }: Case) => {
      const began = performance.now();
      const reply = await caller.call({
        method: 'POST',
        url: `${host.origin}/v1/auth/login`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (reply.status !== status)
        throw new Error(`login answered ${reply.status} instead of ${status}: ${reply.body}`);
      return performance.now() - began;
    };
    await liftLimits(host);
    await holdAddress(ask);
    for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
      for (const one of cases) {
        await forgetFailures(host);
        const took = await ask(one);
        if (round >= WARM_UP) one.ms.push(took);
      }
    }
    print(cases);
  } finally {
    caller.close();
    await host.stop();
  }
  say(
    `argon2id: ${await memoryOfHashes(1)} MiB more at the peak for one login, ${await memoryOfHashes(4)} MiB for four at once`,
  );
}

async function liftLimits({ pool }: HostProcess): Promise<void> {
  await pool.query(`update rate_limits set max_requests = 1000000 where class in ('login', 'mail')`);
}

async function holdAddress(ask: (one: Case) => Promise<number>): Promise<void> {
  const body = { email: 'held@example.com', password: 'not the right password' };
  for (let n = 0; n < 5; n += 1) await ask({ name: '', body, status: 401, ms: [] });
}

/** The held stay held for the hour, the others are never held. */
async function forgetFailures({ pool }: HostProcess): Promise<void> {
  await pool.query(`update auth_attempts set blocked_until = now() + interval '1 hour' where blocked_until > now()`);
  await pool.query(`delete from auth_attempts where blocked_until is null or blocked_until <= now()`);
}

function print(cases: readonly Case[]): void {
  const unknown = percentile(cases.find(({ name }) => name === 'unknown')?.ms ?? [], 0.5);
  printTable(
    `POST /v1/auth/login, ${ROUNDS} each, interleaved (goal: wrong, unknown and held within 5 %)`,
    ['who', 'median ms', 'p10 ms', 'p90 ms', 'against unknown'],
    cases.map(({ name, ms }) => [
      name,
      percentile(ms, 0.5),
      percentile(ms, 0.1),
      percentile(ms, 0.9),
      percentile(ms, 0.5) / unknown,
    ]),
  );
}

/** In a process of its own, which knows the most memory it ever had. */
async function memoryOfHashes(atOnce: number): Promise<number> {
  const module = new URL('../../shared/auth/password.ts', import.meta.url).href;
  const script = `const { hashPassword } = await import(${JSON.stringify(module)});
    const before = process.resourceUsage().maxRSS;
    await Promise.all(Array.from({ length: ${atOnce} }, () => hashPassword('correct horse battery')));
    console.log(Math.round((process.resourceUsage().maxRSS - before) / 1024));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  return Number(stdout);
}
