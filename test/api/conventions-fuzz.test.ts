/** Thousands of broken requests at every door: each is refused or answered, none breaks it, holds it up or makes it grow. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Problem } from '../../functions/_kit/problem.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import { hostileRequest, randomOf } from '../support/hostile-requests.ts';
import { pathOf, samplesOf, seedOwner } from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';

const SEED = Number(process.env.FUZZ_SEED ?? 20_261_121);
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 3_000);
const AT_ONCE = 24;
const IDLE_MS = 1_500;
const HUNG_MS = 25_000;

let world: World;
let plain: { method: string; target: string; body: unknown; token: string }[];
beforeAll(async () => {
  world = await openWorld({ workers: true, webOrigins: ['https://app.example'] });
  const seed = await seedOwner(world);
  // So that no right is missing before the rest is looked at.
  await world.sql(`update users set role = 'admin' where id = $1`, [seed.owner.id]);
  const samples = samplesOf(seed);
  plain = endpointsOf(world.doors).flatMap(({ operation, contract }) => {
    const sample = samples[operation];
    // What ends the owner's session, or the owner, would end the test's depth.
    const ends =
      contract.auth === 'person' && contract.method !== 'GET' && /^\/v1\/(auth|me|admin\/users)\b/.test(contract.path);
    if (sample === undefined || ends) return [];
    const [body] = sample.bodies ?? [];
    return [{ method: contract.method, target: pathOf(contract, sample), body, token: seed.owner.token }];
  });
});
afterAll(() => world.close());

/** Everything that came back until the other side was done; or `hung`. We end when nothing more comes: some wait for more of us. */
function exchange(bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(world.origin).port), '127.0.0.1', () => socket.write(bytes));
    const parts: Buffer[] = [];
    socket.setTimeout(IDLE_MS, () => socket.end());
    const timer = setTimeout(() => {
      resolve('hung');
      socket.destroy();
    }, HUNG_MS);
    socket.on('data', (part: Buffer) => parts.push(part));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(parts).toString('latin1'));
    });
  });
}

function complaintOf(request: Buffer, answer: string): string | null {
  const shown = `${request.toString('latin1').slice(0, 600)}\n→ ${answer.slice(0, 600)}`;
  if (answer === 'hung') return `hung: ${shown}`;
  const statuses = [...answer.matchAll(/(?:^|\n)HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
  if (statuses.some((status) => status >= 500)) return `fell over: ${shown}`;
  // The log of changes names columns, to whom may read it.
  const inside = /\n\s+at |node_modules|SQLSTATE|syntax error at|ZodError|password_hash/;
  if (statuses.some((status) => status >= 400) && inside.test(answer)) return `told of the inside: ${shown}`;
  if (/\r\n(x-injected|set-cookie):/i.test(answer.split('\r\n\r\n')[0] ?? '')) return `injected: ${shown}`;
  const body = /content-type: application\/problem\+json[\s\S]*?\r\n\r\n(\{[\s\S]*?\})\s*$/i.exec(answer)?.[1];
  const problem = body === undefined ? null : Problem.strict().safeParse(JSON.parse(body));
  return problem?.success === false ? `no problem: ${shown}` : null;
}

test(`${REQUESTS} broken requests, seed ${SEED}`, { timeout: 600_000 }, async () => {
  const random = randomOf(SEED);
  const requests = Array.from({ length: REQUESTS }, (_, index) => {
    const one = plain[index % plain.length];
    if (one === undefined) throw new Error('there are no doors');
    return hostileRequest(random, one);
  });
  const before = process.memoryUsage();
  const statuses = new Map<string, number>();
  const complaints: string[] = [];
  const queue = requests.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const request of queue) {
        const answer = await exchange(request);
        const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 'closed';
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        const complaint = complaintOf(request, answer);
        if (complaint !== null) complaints.push(complaint);
      }
    }),
  );
  expect(complaints).toEqual([]);
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  expect(world.logs.filter((line) => line.includes('\n') || line.length > 8_000)).toEqual([]);
  // They went through to the doors, and not all were turned away at the gateway.
  for (const status of ['200', '400', '401', '404', '405', '415', '422'])
    expect(statuses.get(status) ?? 0, `${status} of ${JSON.stringify([...statuses])}`).toBeGreaterThan(9);
  const after = process.memoryUsage();
  expect((after.heapUsed - before.heapUsed) / 2 ** 20).toBeLessThan(250);
  expect((await fetch(`${world.origin}/health`)).status).toBe(200);
});
